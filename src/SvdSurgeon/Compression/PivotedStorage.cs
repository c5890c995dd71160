using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression;

/// <summary>
/// A matrix of rank r as r of its own rows and the coefficients that give the others: W'[pivots] = Basis and W'[others] = Mix · Basis. Exactly the same matrix in
/// r(m + n − r) numbers and r indices instead of r(m + n).
/// </summary>
/// <param name="Pivots">Rows of W' that are stored, ascending, length r.</param>
/// <param name="Basis">Those rows, r × n.</param>
/// <param name="Mix">(m − r) × r, the other rows in ascending order; no entry above 2 in magnitude, so that rounding the basis is not amplified.</param>
public sealed record PivotedFactors(int[] Pivots, Matrix Basis, Matrix Mix)
{
    /// <summary>r.</summary>
    public int Rank => Pivots.Length;

    /// <summary>Stored numbers, indices included.</summary>
    public long StoredNumbers => (long)Basis.Data.Length + Mix.Data.Length + Pivots.Length;

    /// <summary>Rows of W' that are mixed, ascending; they follow from <see cref="Pivots"/> and are not stored.</summary>
    public int[] OtherRows() => [.. Enumerable.Range(0, Mix.Rows + Pivots.Length).Except(Pivots)];

    /// <summary>W', m × n.</summary>
    public Matrix Product(ILinearAlgebra la)
    {
        var w = new Matrix(Mix.Rows + Pivots.Length, Basis.Columns);
        for (int i = 0; i < Pivots.Length; i++) Basis.Row(i).CopyTo(w.Row(Pivots[i]));
        var mixed = la.Multiply(Mix, Basis);
        int[] others = OtherRows();
        for (int i = 0; i < others.Length; i++) mixed.Row(i).CopyTo(w.Row(others[i]));
        return w;
    }
}

/// <summary>Pivoted storage of low-rank matrices.</summary>
public static class PivotedStorage
{
    /// <summary>The pivoted form of A·B. Components that are zero, as the surgeon may make them, take no room.</summary>
    /// <exception cref="NumericalException">A factor holds a non-finite number.</exception>
    public static PivotedFactors From(ILinearAlgebra la, LowRankFactors factors)
    {
        FiniteNumbers.Require(factors.A, "The left factor");
        FiniteNumbers.Require(factors.B, "The right factor");
        int[] used = [.. Enumerable.Range(0, factors.Rank).Where(i => HasEntries(factors, i))];
        // A matrix of zeros keeps one row of them: a module must know its own size from what is stored.
        if (used.Length == 0) return new PivotedFactors([0], new Matrix(1, factors.B.Columns), new Matrix(factors.A.Rows - 1, 1));
        var (a, b) = used.Length == factors.Rank ? (factors.A, factors.B) : (factors.A.SelectColumns(used), factors.B.SelectRows(used));
        // The mix does not depend on the scale of a component, the choice of pivots should not either.
        var (pivots, mix) = RowSkeleton.Choose(UnitColumns(a), la);
        return new PivotedFactors(pivots, la.Multiply(a.SelectRows(pivots), b), mix);
    }

    private static Matrix UnitColumns(Matrix a)
    {
        var norms = new double[a.Columns];
        for (int i = 0; i < a.Rows; i++)
            for (int j = 0; j < a.Columns; j++) norms[j] += a[i, j] * a[i, j];
        var unit = a.Clone();
        for (int i = 0; i < a.Rows; i++)
            for (int j = 0; j < a.Columns; j++) unit[i, j] /= Math.Sqrt(norms[j]);
        return unit;
    }

    private static bool HasEntries(LowRankFactors factors, int component)
    {
        bool left = false;
        for (int i = 0; i < factors.A.Rows && !left; i++) left = factors.A[i, component] != 0;
        return left && factors.B.Row(component).ContainsAnyExcept(0.0);
    }
}
