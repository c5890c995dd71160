using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.Formats;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Factors;

/// <summary>What the tensors of a compressed module are called in files, and the module that they make up (docs/FORMAT.md).</summary>
internal static class StoredForms
{
    /// <summary>Ending of a bias.</summary>
    public const string Bias = ".bias";

    /// <summary>The stored form of A·B: what a module of the model becomes.</summary>
    public static List<TensorEntry> Store(ILinearAlgebra la, string name, LowRankFactors factors, StorageForm form, DType type)
    {
        if (form == StorageForm.Factored)
            return [Entry(name + ".A", factors.A, type), Entry(name + ".B", factors.B, type)];
        var pivoted = PivotedStorage.From(la, factors);
        return
        [
            TensorEntry.FromInt32(name + ".pivots", [pivoted.Rank], pivoted.Pivots),
            Entry(name + ".basis", pivoted.Basis, type),
            Entry(name + ".mix", pivoted.Mix, type),
        ];
    }

    /// <summary>The stored form with kept columns.</summary>
    public static List<TensorEntry> Store(string name, ColumnPreservingFactors factors, DType type) =>
        [
            Entry(name + ".A", factors.A, type),
            Entry(name + ".B", factors.B, type),
            Entry(name + ".C", factors.C, type),
            TensorEntry.FromInt32(name + ".columns", [factors.Columns.Length], factors.Columns),
        ];

    /// <summary>The module that stored tensors make up.</summary>
    public static LinearModule Linear(LinearModule dense, IReadOnlyDictionary<string, StoredTensor> tensors)
    {
        string name = dense.Name;
        var bias = tensors.GetValueOrDefault(name + Bias) ?? dense.Bias;
        if (tensors.TryGetValue(name + ".pivots", out var pivots))
            return new PivotedLinear(name, pivots, tensors[name + ".basis"], tensors[name + ".mix"], bias);
        if (tensors.TryGetValue(name + ".columns", out var columns))
            return new ColumnPreservingLinear(name, tensors[name + ".A"], tensors[name + ".B"], tensors[name + ".C"], columns, bias);
        return new LowRankLinear(name, tensors[name + ".A"], tensors[name + ".B"], bias);
    }

    /// <summary>The module in memory, each factor rounded to <paramref name="type"/>: what passes from layer to layer go on with.</summary>
    /// <param name="la">Decompositions.</param>
    /// <param name="dense">The dense module.</param>
    /// <param name="lowRank">A·B over all columns.</param>
    /// <param name="kept">Columns beside it, or null.</param>
    /// <param name="type">Storage type.</param>
    public static LinearModule InMemory(ILinearAlgebra la, LinearModule dense, LowRankFactors lowRank, KeptColumns? kept, DType type)
    {
        if (kept is null)
            return LowRank(dense, lowRank, type);
        var factors = kept.Join(la, lowRank);
        return new ColumnPreservingLinear(
            dense.Name,
            Stored(dense.Name + ".A", factors.A, type),
            Stored(dense.Name + ".B", factors.B, type),
            Stored(dense.Name + ".C", factors.C, type),
            LinearModule.StoreIndices(dense.Name + ".columns", factors.Columns),
            dense.Bias
        );
    }

    /// <summary>The module A·B in memory, each factor rounded to <paramref name="type"/>.</summary>
    public static LinearModule LowRank(LinearModule dense, LowRankFactors factors, DType type) =>
        new LowRankLinear(dense.Name, Stored(dense.Name + ".A", factors.A, type), Stored(dense.Name + ".B", factors.B, type), dense.Bias);

    /// <summary>A matrix as a tensor of <paramref name="type"/>.</summary>
    public static TensorEntry Entry(string name, Matrix matrix, DType type) =>
        TensorEntry.FromSingles(name, [matrix.Rows, matrix.Columns], matrix.ToSingles(), type);

    private static StoredTensor Stored(string name, Matrix matrix, DType type) =>
        StoredTensor.FromSingles(name, [matrix.Rows, matrix.Columns], matrix.ToSingles(), type);
}
