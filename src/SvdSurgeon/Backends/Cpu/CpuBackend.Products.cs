using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Cpu;

internal sealed unsafe partial class CpuBackend
{
    // y[T, out] (+)= x[T, in] Wᵀ + bias
    /// <inheritdoc cref="IBackend.Linear"/>
    public void Linear(Tensor x, StoredTensor weight, StoredTensor? bias, Tensor y, bool accumulate = false)
    {
        Require(x.Columns == weight.Columns && y.Columns == weight.Rows && x.Rows == y.Rows, weight, x, y);
        if (bias is not null && bias.Count != weight.Rows)
            throw new ArgumentException(
                $"{bias.Source}: tensor '{bias.Name}' has {bias.Count} numbers where {weight.Rows} outputs need as many."
            );
        float* px = Cpu(x).Pointer,
            py = Cpu(y).Pointer;
        using var wide = new Workspace(bias is null ? 0 : (nuint)bias.Count * sizeof(float));
        float* pBias = (float*)wide.Pointer;
        if (bias is not null)
            Widening.ToSingle(bias.Type, bias.Address, new Span<float>(pBias, (int)bias.Count));
        if (_integerProducts && x.Rows <= FewRows.MaxTokens && IntegerRows.Have(weight.Type))
            IntegerRows.Run(_team, x.Rows, px, weight, _interleaved, pBias, py, accumulate);
        else if (x.Rows <= FewRows.MaxTokens)
            FewRows.Run(_team, x.Rows, px, weight, pBias, py, accumulate);
        else
            _products.Run(
                _team,
                new ProductShape<float>(x.Rows, weight.Rows, x.Columns, py, y.Columns, accumulate) { Bias = pBias },
                new Operand<float>(px, x.Columns, rowsAlongK: false),
                new Operand<float>(weight, rowsAlongK: false)
            );
        // A product over nothing has no tile that could add it on its way out.
        if (bias is not null && x.Columns == 0 && x.Rows > FewRows.MaxTokens)
            for (long i = 0; i < y.Length; i++)
                py[i] += pBias[i % y.Columns];
        GC.KeepAlive(weight);
        GC.KeepAlive(bias);
    }

    // dx[T, in] (+)= dy[T, out] W
    /// <inheritdoc cref="IBackend.LinearBackward"/>
    public void LinearBackward(Tensor dy, StoredTensor weight, Tensor dx, bool accumulate = false)
    {
        Require(dy.Columns == weight.Rows && dx.Columns == weight.Columns && dx.Rows == dy.Rows, weight, dy, dx);
        _products.Run(
            _team,
            new ProductShape<float>(dy.Rows, dx.Columns, dy.Columns, Cpu(dx).Pointer, dx.Columns, accumulate),
            new Operand<float>(Cpu(dy).Pointer, dy.Columns, rowsAlongK: false),
            new Operand<float>(weight, rowsAlongK: true)
        );
        GC.KeepAlive(weight);
    }

    /// <inheritdoc cref="IBackend.MatMul"/>
    public void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor c, bool accumulate = false)
    {
        int k = transposeA ? a.Rows : a.Columns;
        if (
            (transposeA ? a.Columns : a.Rows) != c.Rows
            || (transposeB ? b.Columns : b.Rows) != k
            || (transposeB ? b.Rows : b.Columns) != c.Columns
        )
            throw new ArgumentException(
                $"{a.Rows} × {a.Columns} and {b.Rows} × {b.Columns} do not multiply to {c.Rows} × {c.Columns}.",
                nameof(c)
            );
        _products.Run(
            _team,
            new ProductShape<float>(c.Rows, c.Columns, k, Cpu(c).Pointer, c.Columns, accumulate),
            new Operand<float>(Cpu(a).Pointer, a.Columns, transposeA),
            new Operand<float>(Cpu(b).Pointer, b.Columns, !transposeB)
        );
    }

    /// <inheritdoc cref="IBackend.CreateGram"/>
    public GramAccumulator CreateGram(int n) => new CpuGramAccumulator(_team, _products, _pool, n);

    private static CpuTensor Cpu(Tensor x) => (CpuTensor)x;

    private static void Require(bool fits, StoredTensor weight, Tensor x, Tensor y)
    {
        if (!fits)
            throw new ArgumentException(
                $"{weight.Source}: tensor '{weight.Name}' is {weight.Rows} × {weight.Columns} and does not map {x.Rows} × {x.Columns} to "
                    + $"{y.Rows} × {y.Columns}."
            );
    }
}
