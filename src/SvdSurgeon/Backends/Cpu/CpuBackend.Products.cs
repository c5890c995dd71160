using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    private const int WeightRowsAtOnce = 256;

    // y[T, out] (+)= x[T, in] Wᵀ + bias
    /// <inheritdoc cref="IBackend.Linear"/>
    public void Linear(Tensor x, StoredTensor weight, StoredTensor? bias, Tensor y, bool accumulate = false)
    {
        var (px, py) = (Cpu(x), Cpu(y));
        Require(x.Columns == weight.Columns && y.Columns == weight.Rows && x.Rows == y.Rows, weight, x, y);
        if (bias is not null)
        {
            using var b = Allocate(1, weight.Rows);
            bias.WidenRows(0, bias.Rows, Cpu(b).Span);
            for (int t = 0; t < y.Rows; t++)
                if (accumulate) Vectors.AddScaled(1f, Cpu(b).Pointer, py.Pointer + (long)t * y.Columns, y.Columns);
                else Cpu(b).Span.CopyTo(py.Row(t));
            accumulate = true;
        }
        ForWeightRows(weight, (first, count, w) => Gemm.Multiply(
            _team, x.Rows, count, x.Columns, px.Pointer, x.Columns, false, (float*)w, x.Columns, true, py.Pointer + first, y.Columns, accumulate));
    }

    // dx[T, in] (+)= dy[T, out] W
    /// <inheritdoc cref="IBackend.LinearBackward"/>
    public void LinearBackward(Tensor dy, StoredTensor weight, Tensor dx, bool accumulate = false)
    {
        var (pdy, pdx) = (Cpu(dy), Cpu(dx));
        Require(dy.Columns == weight.Rows && dx.Columns == weight.Columns && dx.Rows == dy.Rows, weight, dy, dx);
        ForWeightRows(weight, (first, count, w) => Gemm.Multiply(
            _team, dx.Rows, dx.Columns, count, pdy.Pointer + first, dy.Columns, false, (float*)w, dx.Columns, false, pdx.Pointer, dx.Columns, accumulate || first > 0));
    }

    /// <inheritdoc cref="IBackend.MatMul"/>
    public void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor c, bool accumulate = false)
    {
        int k = transposeA ? a.Rows : a.Columns;
        if ((transposeA ? a.Columns : a.Rows) != c.Rows || (transposeB ? b.Columns : b.Rows) != k || (transposeB ? b.Rows : b.Columns) != c.Columns)
            throw new ArgumentException($"{a.Rows} × {a.Columns} and {b.Rows} × {b.Columns} do not multiply to {c.Rows} × {c.Columns}.", nameof(c));
        Gemm.Multiply(_team, c.Rows, c.Columns, k, Cpu(a).Pointer, a.Columns, transposeA, Cpu(b).Pointer, b.Columns, transposeB, Cpu(c).Pointer, c.Columns, accumulate);
    }

    /// <inheritdoc cref="IBackend.CreateGram"/>
    public GramAccumulator CreateGram(int n) => new CpuGramAccumulator(_team, _pool, n);

    private void ForWeightRows(StoredTensor weight, Action<int, int, nint> use)
    {
        using var buffer = new CpuTensor(_pool, Math.Min(WeightRowsAtOnce, weight.Rows), weight.Columns);
        for (int first = 0; first < weight.Rows; first += WeightRowsAtOnce)
        {
            int count = Math.Min(WeightRowsAtOnce, weight.Rows - first);
            weight.WidenRows(first, count, buffer.Span);
            use(first, count, (nint)buffer.Pointer);
        }
    }

    private static CpuTensor Cpu(Tensor x) => (CpuTensor)x;

    private static void Require(bool fits, StoredTensor weight, Tensor x, Tensor y)
    {
        if (!fits)
            throw new ArgumentException($"{weight.Source}: tensor '{weight.Name}' is {weight.Rows} × {weight.Columns} and does not map {x.Rows} × {x.Columns} to {y.Rows} × {y.Columns}.");
    }
}
