using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Cuda.VendorLibraries;

/// <summary>Whether a singular value decomposition is one, to float64, at the cost of a few products with a vector.</summary>
internal static class SvdCheck
{
    /// <summary>
    /// How far a vector may be from what the factors make of it, relative to the matrix: float64 with room for a few thousand columns.
    /// </summary>
    private const double Tolerance = 1e-10;

    /// <summary>
    /// U Σ Vᵀ z = A z, V Vᵀ w = w restricted to the rows of Vᵀ, and UᵀU w = w, for one random z and w: a wrong factor passes with
    /// probability 0.
    /// </summary>
    /// <param name="a">m × n, m ≤ n.</param>
    /// <param name="svd">What is claimed of it.</param>
    public static bool Holds(Matrix a, SvdResult svd)
    {
        var random = new Random(20260623);
        int m = a.Rows,
            n = a.Columns;
        double[] z = new double[n],
            w = new double[m];
        for (int i = 0; i < n; i++)
            z[i] = random.NextDouble() - 0.5;
        for (int i = 0; i < m; i++)
            w[i] = random.NextDouble() - 0.5;
        for (int i = 1; i < m; i++)
            if (svd.Sigma[i] > svd.Sigma[i - 1])
                return false;
        var projected = Times(svd.Vt, z);
        for (int i = 0; i < m; i++)
            projected[i] *= svd.Sigma[i];
        double scale = svd.Sigma[0] * Math.Sqrt(n);
        return Distance(Times(svd.U, projected), Times(a, z)) <= Tolerance * scale
            && Distance(Times(svd.Vt, TransposeTimes(svd.Vt, w)), w) <= Tolerance * Math.Sqrt(n)
            && Distance(TransposeTimes(svd.U, Times(svd.U, w)), w) <= Tolerance * Math.Sqrt(n);
    }

    /// <summary>Σ a_i b_i.</summary>
    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    private static double[] Times(Matrix a, double[] x)
    {
        var y = new double[a.Rows];
        for (int i = 0; i < a.Rows; i++)
            y[i] = Dot(a.Row(i), x);
        return y;
    }

    private static double[] TransposeTimes(Matrix a, double[] x)
    {
        var y = new double[a.Columns];
        for (int i = 0; i < a.Rows; i++)
        {
            var row = a.Row(i);
            for (int j = 0; j < row.Length; j++)
                y[j] += row[j] * x[i];
        }
        return y;
    }

    private static double Distance(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        return double.IsNaN(sum) ? double.PositiveInfinity : Math.Sqrt(sum);
    }
}
