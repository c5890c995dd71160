using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Linear;

/// <summary>
/// A matrix of rank r as r of its own rows and the others as combinations of them: W[pivots] = basis, W[others] = mix · basis.
/// The same matrix as A B in r(m + n − r) numbers instead of r(m + n). <c>name.pivots</c>, r ascending indices; <c>name.basis</c>, r × n;
/// <c>name.mix</c>, (m − r) × r.
/// </summary>
internal sealed class PivotedLinear : LinearModule
{
    private readonly int[] _pivots;
    private readonly int[] _others;

    /// <param name="name">Module name.</param>
    /// <param name="pivots">Output features that are rows of the basis, ascending, I32.</param>
    /// <param name="basis">r × n.</param>
    /// <param name="mix">(m − r) × r, the other output features in ascending order.</param>
    /// <param name="bias">m numbers, or null.</param>
    /// <exception cref="InvalidModelException">The pivots are not ascending indices of the output.</exception>
    public PivotedLinear(string name, StoredTensor pivots, StoredTensor basis, StoredTensor mix, StoredTensor? bias)
        : base(name, basis.Rows + mix.Rows, basis.Columns, bias)
    {
        (Pivots, Basis, Mix) = (pivots, basis, mix);
        (_pivots, _others) = SplitIndices(pivots, OutFeatures);
    }

    /// <summary>Pivot rows, ascending.</summary>
    public StoredTensor Pivots { get; }

    /// <summary>The pivot rows of W, r × n.</summary>
    public StoredTensor Basis { get; }

    /// <summary>The other rows in terms of the basis, (m − r) × r.</summary>
    public StoredTensor Mix { get; }

    /// <summary>The same as numbers.</summary>
    internal ReadOnlySpan<int> PivotRows => _pivots;

    /// <summary>The rows that are no pivots, ascending.</summary>
    internal ReadOnlySpan<int> OtherRows => _others;

    /// <inheritdoc/>
    public override string Kind => "pivoted";

    /// <inheritdoc/>
    public override int? Rank => Basis.Rows;

    /// <inheritdoc/>
    public override IReadOnlyList<StoredTensor> StoredTensors => [Pivots, Basis, Mix];

    /// <inheritdoc/>
    public override void Forward(IBackend backend, Tensor x, Tensor y, bool accumulate = false)
    {
        using var z = backend.Allocate(x.Rows, Basis.Rows);
        backend.Linear(x, Basis, null, z);
        backend.ScatterColumns(z, _pivots, y, accumulate);
        if (_others.Length > 0)
        {
            using var mixed = backend.Allocate(x.Rows, _others.Length);
            backend.Linear(z, Mix, null, mixed);
            backend.ScatterColumns(mixed, _others, y, accumulate);
        }
        // A bias is a table of positions with one entry: it is added to every row.
        if (Bias is not null)
            backend.AddPositions(Bias, 0, 1, y);
    }

    /// <inheritdoc/>
    public override void BackwardInput(IBackend backend, Tensor dy, Tensor dx, bool accumulate = false)
    {
        using var dz = backend.Allocate(dy.Rows, Basis.Rows);
        backend.GatherColumns(dy, _pivots, dz);
        if (_others.Length > 0)
        {
            using var others = backend.Allocate(dy.Rows, _others.Length);
            backend.GatherColumns(dy, _others, others);
            backend.LinearBackward(others, Mix, dz, accumulate: true);
        }
        backend.LinearBackward(dz, Basis, dx, accumulate);
    }

    /// <inheritdoc/>
    public override float[] ToDense(IBackend backend)
    {
        float[] w = new float[(long)OutFeatures * InFeatures],
            basis = Basis.ToSingles();
        float[] mixed = _others.Length == 0 ? [] : Multiply(backend, Mix, Basis);
        for (int i = 0; i < _pivots.Length; i++)
            basis.AsSpan(i * InFeatures, InFeatures).CopyTo(w.AsSpan(_pivots[i] * InFeatures));
        for (int i = 0; i < _others.Length; i++)
            mixed.AsSpan(i * InFeatures, InFeatures).CopyTo(w.AsSpan(_others[i] * InFeatures));
        return w;
    }
}
