using SvdSurgeon.Backends.Blas;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>One-sided Jacobi: rotates the rows of A until they are orthogonal. Small singular values keep their relative accuracy.</summary>
internal static unsafe class JacobiSvd
{
    private const int MaxSweeps = 60;
    private const double Tolerance = 1e-15;

    /// <summary>The thin decomposition of a matrix that is not taller than it is wide.</summary>
    public static SvdResult DecomposeRows(Matrix a)
    {
        int m = a.Rows, n = a.Columns;
        double scale = 0;
        foreach (double x in a.Data) scale = Math.Max(scale, Math.Abs(x));
        var rows = a.Clone();
        if (scale > 0)
            for (int i = 0; i < rows.Data.Length; i++) rows.Data[i] /= scale;
        var ut = Matrix.Identity(m);
        fixed (double* w = rows.Data, u = ut.Data)
        {
            bool rotated = true;
            for (int sweep = 0; rotated; sweep++)
            {
                if (sweep == MaxSweeps) throw new NumericalException($"The singular values of a {m} × {n} matrix did not converge.");
                rotated = false;
                for (int i = 0; i < m - 1; i++)
                    for (int j = i + 1; j < m; j++) rotated |= Orthogonalize(w + (long)i * n, w + (long)j * n, n, u + (long)i * m, u + (long)j * m, m);
            }
        }
        var norms = new double[m];
        for (int i = 0; i < m; i++)
            fixed (double* row = rows.Row(i)) norms[i] = Math.Sqrt(Vectors.Dot(row, row, n));
        var order = Enumerable.Range(0, m).OrderByDescending(i => norms[i]).ToArray();
        var sigma = order.Select(i => norms[i] * scale).ToArray();
        var vt = rows.SelectRows(order);
        int rank = 0;
        for (; rank < m && norms[order[rank]] > norms[order[0]] * 1e-15 * m; rank++)
        {
            double inverse = 1 / norms[order[rank]];
            foreach (ref double x in vt.Row(rank)) x *= inverse;
        }
        OrthonormalRows.Complete(vt, rank);
        return new SvdResult(ut.SelectRows(order).Transpose(), sigma, vt);
    }

    private static bool Orthogonalize(double* x, double* y, int n, double* ux, double* uy, int m)
    {
        double xx = Vectors.Dot(x, x, n), yy = Vectors.Dot(y, y, n), xy = Vectors.Dot(x, y, n);
        if (Math.Abs(xy) <= Tolerance * Math.Sqrt(xx * yy) || xx + yy < 1e-300) return false;
        // Rows that are rounding noise next to others would rotate for ever.
        if (Math.Min(xx, yy) < 1e-31) return false;
        double zeta = (yy - xx) / (2 * xy);
        double t = Math.CopySign(1, zeta) / (Math.Abs(zeta) + Math.Sqrt(1 + zeta * zeta));
        double c = 1 / Math.Sqrt(1 + t * t), s = -c * t;
        Vectors.Rotate(x, y, c, s, n);
        Vectors.Rotate(ux, uy, c, s, m);
        return true;
    }
}
