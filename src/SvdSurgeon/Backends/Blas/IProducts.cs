using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.Backends.Blas;

/// <summary>Who multiplies matrices in memory: our kernels, or a BLAS of the system.</summary>
internal interface IProducts
{
    /// <summary>c (+)= a b + bias; T is float or double. The bytes do not depend on the number of threads.</summary>
    void Run<T>(ThreadTeam team, in ProductShape<T> shape, in Operand<T> a, in Operand<T> b)
        where T : unmanaged;
}
