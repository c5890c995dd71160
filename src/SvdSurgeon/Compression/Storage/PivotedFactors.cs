using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Storage;

/// <summary>
/// A matrix of rank r as r of its own rows and the coefficients that give the others: W'[pivots] = Basis and W'[others] = Mix · Basis.
/// Exactly the same matrix in r(m + n − r) numbers and r indices instead of r(m + n).
/// </summary>
/// <param name="Pivots">Rows of W' that are stored, ascending, length r.</param>
/// <param name="Basis">Those rows, r × n.</param>
/// <param name="Mix">(m − r) × r, the other rows in ascending order; no entry above 2 in magnitude, so that rounding the basis is not
/// amplified.</param>
internal sealed record PivotedFactors(int[] Pivots, Matrix Basis, Matrix Mix)
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
        for (int i = 0; i < Pivots.Length; i++)
            Basis.Row(i).CopyTo(w.Row(Pivots[i]));
        var mixed = la.Multiply(Mix, Basis);
        int[] others = OtherRows();
        for (int i = 0; i < others.Length; i++)
            mixed.Row(i).CopyTo(w.Row(others[i]));
        return w;
    }
}
