using ILGPU.Runtime;
using SvdSurgeon.Backends;
using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cuda;

/// <summary>xᵀx of narrow matrices, such as spectral gradients: one kernel, float64 sums in place.</summary>
internal sealed class NarrowGram : GramAccumulator
{
    private readonly CudaBackend _backend;
    private readonly DeviceBlock _sums;

    public NarrowGram(CudaBackend backend, int n)
        : base(n)
    {
        _backend = backend;
        _sums = backend.Pool.Rent((long)n * n * sizeof(double));
        _sums.As<double>((long)n * n).Cast<byte>().MemSetToZero(backend.Stream);
    }

    public override void Add(Tensor x)
    {
        int n = Size,
            tiles = _backend.Launch.TilesFor(n);
        if (x.Columns != n)
            throw new ArgumentException($"A Gram matrix of {n} columns cannot take {x.Columns}.", nameof(x));
        _backend.Kernels.Fisher(
            _backend.Stream,
            _backend.Launch.Tiles(tiles, tiles),
            ((CudaTensor)x).View,
            _sums.As<double>((long)n * n),
            x.Rows,
            n
        );
    }

    public override Matrix ToMatrix()
    {
        var full = new Matrix(Size, Size);
        Transfer.Download(_backend.Stream, _sums.As<double>((long)Size * Size), full.Data.AsSpan());
        for (int i = 0; i < Size; i++)
        for (int j = i + 1; j < Size; j++)
            full[i, j] = full[j, i];
        return full;
    }

    public override void MoveTo(Span<double> lower)
    {
        var full = ToMatrix();
        for (int i = 0, at = 0; i < Size; i++)
        for (int j = 0; j <= i; j++)
            lower[at++] += full[i, j];
        _sums.As<double>((long)Size * Size).Cast<byte>().MemSetToZero(_backend.Stream);
    }

    public override void Dispose() => _sums.Dispose();
}
