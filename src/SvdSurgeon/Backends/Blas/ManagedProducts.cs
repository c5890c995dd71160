using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.Backends.Blas;

/// <summary>Our kernels.</summary>
internal sealed class ManagedProducts : IProducts
{
    public static ManagedProducts Instance { get; } = new();

    public void Run<T>(ThreadTeam team, in ProductShape<T> shape, in Operand<T> a, in Operand<T> b)
        where T : unmanaged => Gemm.Run(team, shape, a, b);
}
