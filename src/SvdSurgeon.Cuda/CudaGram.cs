using ILGPU.Runtime;
using SvdSurgeon.Backends;
using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cuda;

/// <summary>
/// xᵀx of wide matrices: a float32 product for every block of rows, added to float64 sums of the lower triangle, packed by rows.
/// </summary>
internal sealed class CudaGram : GramAccumulator
{
    private readonly CudaBackend _backend;
    private readonly bool _tensorCores;
    private readonly long _count;
    private readonly DeviceBlock _sums;

    public CudaGram(CudaBackend backend, int n, bool tensorCores)
        : base(n)
    {
        _backend = backend;
        _tensorCores = tensorCores;
        _count = (long)n * (n + 1) / 2;
        _sums = backend.Pool.Rent(_count * sizeof(double));
        _sums.As<double>(_count).Cast<byte>().MemSetToZero(backend.Stream);
    }

    public override void Add(Tensor x)
    {
        int n = Size;
        if (x.Columns != n)
            throw new ArgumentException($"A Gram matrix of {n} columns cannot take {x.Columns}.", nameof(x));
        using var block = (CudaTensor)_backend.Allocate(n, n);
        _backend.Libraries.SymmetricProduct(((CudaTensor)x).Address, x.Rows, n, block.Address, _tensorCores);
        _backend.Kernels.AddLowerTriangle(_backend.Stream, _backend.Launch.Matrix(n, n), block.View, _sums.As<double>(_count), n);
    }

    public override Matrix ToMatrix()
    {
        var lower = new double[_count];
        Transfer.Download(_backend.Stream, _sums.As<double>(_count), lower.AsSpan());
        var full = new Matrix(Size, Size);
        for (int i = 0; i < Size; i++)
        for (int j = 0; j <= i; j++)
            full[i, j] = full[j, i] = lower[(long)i * (i + 1) / 2 + j];
        return full;
    }

    public override void MoveTo(Span<double> lower)
    {
        var sums = new double[_count];
        Transfer.Download(_backend.Stream, _sums.As<double>(_count), sums.AsSpan());
        for (int i = 0; i < sums.Length; i++)
            lower[i] += sums[i];
        _sums.As<double>(_count).Cast<byte>().MemSetToZero(_backend.Stream);
    }

    public override void Dispose() => _sums.Dispose();
}
