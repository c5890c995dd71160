using SvdSurgeon.Compression.Numerics;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Storage;

/// <summary>Pivoted storage of low-rank matrices.</summary>
internal static class PivotedStorage
{
    /// <summary>The pivoted form of A·B. Components that are zero, as the surgeon may make them, take no room.</summary>
    /// <exception cref="NumericalException">A factor holds a non-finite number.</exception>
    public static PivotedFactors From(ILinearAlgebra la, LowRankFactors factors)
    {
        FiniteNumbers.Require(factors.A, "The left factor");
        FiniteNumbers.Require(factors.B, "The right factor");
        int[] used = [.. Enumerable.Range(0, factors.Rank).Where(i => HasEntries(factors, i))];
        // A matrix of zeros keeps one row of them: a module must know its own size from what is stored.
        if (used.Length == 0)
            return new PivotedFactors([0], new Matrix(1, factors.B.Columns), new Matrix(factors.A.Rows - 1, 1));
        var (a, b) = used.Length == factors.Rank ? (factors.A, factors.B) : (factors.A.SelectColumns(used), factors.B.SelectRows(used));
        // The mix does not depend on the scale of a component, the choice of pivots should not either.
        var (pivots, mix) = RowSkeleton.Choose(UnitColumns(a), la);
        return new PivotedFactors(pivots, la.Multiply(a.SelectRows(pivots), b), mix);
    }

    private static Matrix UnitColumns(Matrix a)
    {
        var norms = new double[a.Columns];
        for (int i = 0; i < a.Rows; i++)
        for (int j = 0; j < a.Columns; j++)
            norms[j] += a[i, j] * a[i, j];
        var unit = a.Clone();
        for (int i = 0; i < a.Rows; i++)
        for (int j = 0; j < a.Columns; j++)
            unit[i, j] /= Math.Sqrt(norms[j]);
        return unit;
    }

    private static bool HasEntries(LowRankFactors factors, int component)
    {
        bool left = false;
        for (int i = 0; i < factors.A.Rows && !left; i++)
            left = factors.A[i, component] != 0;
        return left && factors.B.Row(component).ContainsAnyExcept(0.0);
    }
}
