using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Linear;

/// <summary>
/// Some input columns kept as they are, the rest of low rank (Duo-SVD): W[:, columns] = C, W[:, others] = A B.
/// <c>name.A</c>, m × r; <c>name.B</c>, r × (n − c); <c>name.C</c>, m × c; <c>name.columns</c>, c ascending indices. r may be 0.
/// </summary>
internal sealed class ColumnPreservingLinear : LinearModule
{
    private readonly int[] _columns;
    private readonly int[] _others;

    /// <param name="name">Module name.</param>
    /// <param name="a">A, m × r.</param>
    /// <param name="b">B, r × (n − c), over the columns that are not kept, in ascending order.</param>
    /// <param name="c">C, m × c.</param>
    /// <param name="columns">Kept columns, ascending, I32.</param>
    /// <param name="bias">m numbers, or null.</param>
    /// <exception cref="InvalidModelException">The column indices are not ascending indices of the input.</exception>
    public ColumnPreservingLinear(string name, StoredTensor a, StoredTensor b, StoredTensor c, StoredTensor columns, StoredTensor? bias)
        : base(name, c.Rows, b.Columns + c.Columns, bias)
    {
        (A, B, C, Columns) = (a, b, c, columns);
        (_columns, _others) = SplitIndices(columns, InFeatures);
    }

    /// <summary>A, m × r.</summary>
    public StoredTensor A { get; }

    /// <summary>B, r × (n − c).</summary>
    public StoredTensor B { get; }

    /// <summary>C, m × c.</summary>
    public StoredTensor C { get; }

    /// <summary>Kept columns, ascending.</summary>
    public StoredTensor Columns { get; }

    /// <summary>The same as numbers.</summary>
    internal ReadOnlySpan<int> KeptColumns => _columns;

    /// <summary>The columns that are not kept, ascending.</summary>
    internal ReadOnlySpan<int> OtherColumns => _others;

    /// <inheritdoc/>
    public override string Kind => "column-preserving";

    /// <inheritdoc/>
    public override int? Rank => A.Columns;

    /// <inheritdoc/>
    public override IReadOnlyList<StoredTensor> StoredTensors => [A, B, C, Columns];

    /// <inheritdoc/>
    public override void Forward(IBackend backend, Tensor x, Tensor y, bool accumulate = false)
    {
        using (var kept = backend.Allocate(x.Rows, _columns.Length))
        {
            backend.GatherColumns(x, _columns, kept);
            backend.Linear(kept, C, Bias, y, accumulate);
        }
        if (A.Columns == 0)
            return;
        using var others = backend.Allocate(x.Rows, _others.Length);
        using var z = backend.Allocate(x.Rows, A.Columns);
        backend.GatherColumns(x, _others, others);
        backend.Linear(others, B, null, z);
        backend.Linear(z, A, null, y, accumulate: true);
    }

    /// <inheritdoc/>
    public override void BackwardInput(IBackend backend, Tensor dy, Tensor dx, bool accumulate = false)
    {
        using (var kept = backend.Allocate(dy.Rows, _columns.Length))
        {
            backend.LinearBackward(dy, C, kept);
            backend.ScatterColumns(kept, _columns, dx, accumulate);
        }
        using var others = backend.Allocate(dy.Rows, _others.Length);
        if (A.Columns == 0)
            backend.Fill(others, 0);
        else
        {
            using var dz = backend.Allocate(dy.Rows, A.Columns);
            backend.LinearBackward(dy, A, dz);
            backend.LinearBackward(dz, B, others);
        }
        backend.ScatterColumns(others, _others, dx, accumulate);
    }

    /// <inheritdoc/>
    public override float[] ToDense(IBackend backend)
    {
        float[] w = new float[(long)OutFeatures * InFeatures],
            kept = C.ToSingles();
        float[] others = A.Columns == 0 ? new float[(long)OutFeatures * _others.Length] : Multiply(backend, A, B);
        for (int i = 0; i < OutFeatures; i++)
        {
            for (int j = 0; j < _columns.Length; j++)
                w[(long)i * InFeatures + _columns[j]] = kept[(long)i * _columns.Length + j];
            for (int j = 0; j < _others.Length; j++)
                w[(long)i * InFeatures + _others[j]] = others[(long)i * _others.Length + j];
        }
        return w;
    }
}
