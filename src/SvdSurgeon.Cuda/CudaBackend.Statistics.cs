using SvdSurgeon.Backends;
using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cuda;

internal sealed partial class CudaBackend
{
    /// <inheritdoc/>
    public GramAccumulator CreateGram(int n) =>
        n <= _options.Limits.WidestNarrowGram
            ? new NarrowGram(this, n)
            : new CudaGram(this, n, _options.Precision != ProductPrecision.Float32);

    /// <inheritdoc/>
    public void ColumnDot(Tensor p, Tensor q, Tensor g)
    {
        int sequences = g.Rows,
            tokens = p.Rows / sequences,
            k = p.Columns;
        int splits = _launch.Splits(tokens, (k + _launch.Group - 1) / _launch.Group * sequences);
        using var block = _pool.Rent((long)sequences * splits * k * sizeof(float));
        var partial = block.As<float>((long)sequences * splits * k);
        _kernels.ColumnDot(_stream, _launch.Columns(k, splits, sequences), View(p), View(q), partial, tokens, k);
        _kernels.AddSplits(_stream, _launch.Columns(k, sequences), partial, View(g), splits, k);
    }

    /// <inheritdoc/>
    public void AddColumnSums(Tensor x, bool absolute, Span<double> sums)
    {
        int n = x.Columns,
            splits = _launch.Splits(x.Rows, (n + _launch.Group - 1) / _launch.Group);
        using var block = _pool.Rent((long)(splits + 1) * n * sizeof(float));
        var partial = block.As<float>((long)(splits + 1) * n);
        var total = partial.SubView((long)splits * n, n);
        _kernels.ColumnSums(_stream, _launch.Columns(n, splits), View(x), partial, x.Rows, n, absolute ? 1 : 0);
        _kernels.AddSplits(_stream, _launch.Columns(n, 1), partial, total, splits, n);
        var values = new float[n];
        Transfer.Download(_stream, total, values.AsSpan());
        for (int j = 0; j < n; j++)
            sums[j] += values[j];
    }
}
