using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cuda.VendorLibraries;

/// <summary>
/// Products in plain loops with float64 sums, and the library's own decompositions, on memory that the host can read. Inputs are rounded as
/// the precision that was asked for rounds them, so that its error can be seen without a GPU.
/// </summary>
internal sealed unsafe class ManagedLibraries : IVendorLibraries
{
    private readonly CpuBackend _cpu = new();

    public string Description => "managed products and decompositions";

    public ILinearAlgebra LinearAlgebra => _cpu.LinearAlgebra;

    public void Multiply(in Product p)
    {
        float[] a = Widen(p.A, p.Type, p.M * p.K),
            b = Widen(p.B, p.Type, p.K * p.N);
        if (p.TensorCores && p.Type == DType.F32)
        {
            TensorFloat.Round(a);
            TensorFloat.Round(b);
        }
        var c = (float*)p.C;
        for (int i = 0; i < p.M; i++)
        for (int j = 0; j < p.N; j++)
        {
            double sum = p.Accumulate ? c[(long)i * p.N + j] : 0;
            for (int k = 0; k < p.K; k++)
                sum += (double)a[p.TransposeA ? k * p.M + i : i * p.K + k] * b[p.TransposeB ? j * p.K + k : k * p.N + j];
            c[(long)i * p.N + j] = (float)sum;
        }
    }

    public void SymmetricProduct(nint x, int rows, int n, nint c, bool tensorCores) =>
        Multiply(new Product(n, n, rows, x, true, x, false, c, TensorCores: tensorCores));

    public void Dispose() => _cpu.Dispose();

    private static float[] Widen(nint source, DType type, int count)
    {
        var values = new float[count];
        Widening.ToSingle(type, source, values);
        return values;
    }
}
