using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Columns;

/// <summary>Which columns of a module are kept, and the components of the others.</summary>
/// <param name="Rank">r − d, the rank of the low-rank part.</param>
/// <param name="Traded">d.</param>
/// <param name="Columns">c: kept columns, ascending.</param>
/// <param name="Rest">s: the other columns, ascending.</param>
/// <param name="Factors">Components of W_s; Right is K × |s|.</param>
/// <param name="RefitMap">H_sc H_cc⁻¹, |s| × |c|, when the kept columns are refitted; null when they stay.</param>
/// <param name="Error">E(d).</param>
/// <param name="PlainError">E(0).</param>
internal sealed record ColumnSplit(
    int Rank,
    int Traded,
    int[] Columns,
    int[] Rest,
    SpectralFactors Factors,
    Matrix? RefitMap,
    double Error,
    double PlainError
)
{
    /// <summary>
    /// The same components over all n columns, as the module's output sees them: W' = fixed part + Σ_i σ_i left_i right_iᵀ. Refitted
    /// columns move with σ, so that right_i = −right_i H_sc H_cc⁻¹ there; preserved ones do not. With these the surgeon's gradients are
    /// collected as for any other module.
    /// </summary>
    public SpectralFactors OverAllColumns(ILinearAlgebra la)
    {
        var right = new Matrix(Factors.Components, Columns.Length + Rest.Length);
        Scatter(Factors.Right, Rest, right);
        if (RefitMap is not null)
        {
            var moved = la.Multiply(Factors.Right, RefitMap);
            foreach (ref double v in moved.Data.AsSpan())
                v = -v;
            Scatter(moved, Columns, right);
        }
        return Factors with { Right = right };
    }

    internal static void Scatter(Matrix from, int[] columns, Matrix to)
    {
        for (int i = 0; i < from.Rows; i++)
        for (int j = 0; j < columns.Length; j++)
            to[i, columns[j]] = from[i, j];
    }
}
