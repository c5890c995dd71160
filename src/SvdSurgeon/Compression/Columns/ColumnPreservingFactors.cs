using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Columns;

/// <summary>W'[:, rest] = A·B and W'[:, columns] = C: (r − d)(m + n − c) + m·c numbers and c indices.</summary>
/// <param name="A">m × (r − d).</param>
/// <param name="B">(r − d) × (n − c).</param>
/// <param name="C">m × c.</param>
/// <param name="Columns">The c kept columns, ascending.</param>
/// <param name="Rest">The other columns, ascending; follows from <paramref name="Columns"/> and is not stored.</param>
internal sealed record ColumnPreservingFactors(Matrix A, Matrix B, Matrix C, int[] Columns, int[] Rest)
{
    /// <summary>Stored numbers, indices included.</summary>
    public long StoredNumbers => (long)A.Data.Length + B.Data.Length + C.Data.Length + Columns.Length;

    /// <summary>W', m × n.</summary>
    public Matrix Product(ILinearAlgebra la)
    {
        var w = new Matrix(C.Rows, Columns.Length + Rest.Length);
        ColumnSplit.Scatter(la.Multiply(A, B), Rest, w);
        ColumnSplit.Scatter(C, Columns, w);
        return w;
    }
}
