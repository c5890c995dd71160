using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Pipeline.Factors;

/// <summary>
/// The columns that stand beside a module's low-rank part, as a set of factors keeps them: NAME.rank, NAME.columns and NAME.fixed.
/// </summary>
/// <param name="Rank">Rank of the part that is truncated, smaller than the plan's; may be 0.</param>
/// <param name="Columns">Kept columns, ascending.</param>
/// <param name="Fixed">The part of W' at these columns that does not move with the singular values, m × c.</param>
internal sealed record KeptColumns(int Rank, int[] Columns, Matrix Fixed)
{
    /// <summary>The kept columns of a module of m = <paramref name="rows"/> outputs; null when it has none.</summary>
    public static KeptColumns? Load(SafeTensorsFile file, string module, int rows)
    {
        if (!file.Tensors.TryGetValue(module + ".columns", out var stored))
            return null;
        int[] columns = [.. stored.Doubles().ToArray().Select(c => (int)c)];
        return new KeptColumns(
            (int)file[module + ".rank"].Doubles()[0],
            columns,
            new Matrix(rows, columns.Length, file[module + ".fixed"].Doubles().ToArray())
        );
    }

    /// <summary>The tensors that hold them.</summary>
    public IEnumerable<TensorEntry> Entries(string module)
    {
        yield return TensorEntry.FromDoubles(module + ".rank", new double[] { Rank });
        yield return TensorEntry.FromDoubles(module + ".columns", Columns.Select(c => (double)c).ToArray());
        yield return TensorEntry.FromDoubles(module + ".fixed", Fixed.Data);
    }

    /// <summary>The stored form: A, B over the remaining columns, and C.</summary>
    /// <param name="la">Decompositions.</param>
    /// <param name="lowRank">A·B over all columns, as the surgeon left it. Refitted columns move with the singular values: their part is A
    /// times the right vectors there.</param>
    public ColumnPreservingFactors Join(ILinearAlgebra la, LowRankFactors lowRank)
    {
        int[] rest = [.. Enumerable.Range(0, lowRank.B.Columns).Except(Columns)];
        var c = Fixed.Clone();
        var moving = la.Multiply(lowRank.A, lowRank.B.SelectColumns(Columns));
        for (int i = 0; i < c.Data.Length; i++)
            c.Data[i] += moving.Data[i];
        return new ColumnPreservingFactors(lowRank.A, lowRank.B.SelectColumns(rest), c, Columns, rest);
    }

    /// <summary>W without the fixed part: what A·B over all columns stands for.</summary>
    public Matrix Moving(Matrix w)
    {
        var moving = w.Clone();
        for (int i = 0; i < w.Rows; i++)
        for (int j = 0; j < Columns.Length; j++)
            moving[i, Columns[j]] -= Fixed[i, j];
        return moving;
    }
}
