using SvdSurgeon.Backends.Blas;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>a = L Lᵀ.</summary>
internal static unsafe class Cholesky
{
    /// <summary>False when a pivot is not positive (or not a number).</summary>
    public static bool TryFactor(Matrix a, out Matrix lower)
    {
        int n = a.Rows;
        lower = new Matrix(n, n);
        fixed (double* l = lower.Data)
            for (int i = 0; i < n; i++)
            {
                double* li = l + (long)i * n;
                for (int j = 0; j <= i; j++)
                {
                    double* lj = l + (long)j * n;
                    double rest = a[i, j] - Vectors.Dot(li, lj, j);
                    if (j < i) li[j] = rest / lj[j];
                    else if (rest > 0 && double.IsFinite(rest)) li[i] = Math.Sqrt(rest);
                    else return false;
                }
            }
        return true;
    }
}
