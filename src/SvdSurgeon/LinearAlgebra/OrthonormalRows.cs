using SvdSurgeon.Backends.Blas;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>Rows that complete an orthonormal set: the singular vectors of zero singular values.</summary>
internal static unsafe class OrthonormalRows
{
    /// <summary>Overwrites the rows from <paramref name="first"/> on so that all rows are orthonormal; there are at most as many rows as columns.</summary>
    public static void Complete(Matrix rows, int first)
    {
        int n = rows.Columns;
        // 1 − Σ of squares in column j is the squared distance of e_j from the span so far.
        var covered = new double[n];
        for (int i = 0; i < first; i++)
            for (int j = 0; j < n; j++) covered[j] += rows[i, j] * rows[i, j];
        fixed (double* p = rows.Data)
            for (int i = first; i < rows.Rows; i++)
            {
                int axis = Array.IndexOf(covered, covered.Min());
                double* row = p + (long)i * n;
                new Span<double>(row, n).Clear();
                row[axis] = 1;
                for (int pass = 0; pass < 2; pass++)
                    for (int j = 0; j < i; j++) Vectors.AddScaled(-Vectors.Dot(p + (long)j * n, row, n), p + (long)j * n, row, n);
                double inverse = 1 / Math.Sqrt(Vectors.Dot(row, row, n));
                for (int j = 0; j < n; j++)
                {
                    row[j] *= inverse;
                    covered[j] += row[j] * row[j];
                }
            }
    }
}
