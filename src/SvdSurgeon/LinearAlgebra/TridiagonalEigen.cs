using SvdSurgeon.Backends.Blas;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>Symmetric eigen-decomposition: Householder tridiagonalization, then implicit QL. Eigenvectors are kept in rows, so rotations are contiguous.</summary>
internal static unsafe class TridiagonalEigen
{
    private const int MaxIterations = 60;

    public static EigenResult Decompose(Matrix a)
    {
        int n = a.Rows;
        var work = a.Clone();
        for (int i = 0; i < n; i++)
            for (int j = 0; j < i; j++) work[j, i] = work[i, j];
        var d = new double[n];
        var e = new double[n];
        var zt = Matrix.Identity(n);
        fixed (double* w = work.Data, z = zt.Data)
        {
            Tridiagonalize(w, z, n, d, e);
            ImplicitQl(d, e, z, n);
        }
        var order = Enumerable.Range(0, n).OrderByDescending(i => d[i]).ToArray();
        return new EigenResult([.. order.Select(i => d[i])], zt.SelectRows(order).Transpose());
    }

    // A ← H A H from the first column on; zt = (H_0 H_1 …)ᵀ, so that A = zᵀᵀ T zt.
    private static void Tridiagonalize(double* a, double* zt, int n, double[] d, double[] e)
    {
        var reflectors = new Matrix(n, n);
        var tau = new double[n];
        var buffer = new double[n];
        fixed (double* v0 = reflectors.Data, p = buffer)
        {
            for (int k = 0; k < n - 2; k++)
            {
                double* v = v0 + (long)k * n;
                int length = n - k - 1;
                for (int i = 0; i < length; i++) v[k + 1 + i] = a[(long)(k + 1 + i) * n + k];
                (tau[k], e[k]) = Householder.Make(v + k + 1, length);
                d[k] = a[(long)k * n + k];
                if (tau[k] == 0) continue;
                for (int i = k + 1; i < n; i++) p[i] = tau[k] * Vectors.Dot(a + (long)i * n + k + 1, v + k + 1, length);
                double half = 0.5 * tau[k] * Vectors.Dot(p + k + 1, v + k + 1, length);
                Vectors.AddScaled(-half, v + k + 1, p + k + 1, length);
                for (int i = k + 1; i < n; i++)
                {
                    Vectors.AddScaled(-v[i], p + k + 1, a + (long)i * n + k + 1, length);
                    Vectors.AddScaled(-p[i], v + k + 1, a + (long)i * n + k + 1, length);
                }
            }
            for (int k = Math.Max(0, n - 2); k < n; k++) d[k] = a[(long)k * n + k];
            if (n >= 2) e[n - 2] = a[(long)(n - 1) * n + n - 2];
            // zt = Qᵀ with Q = H_0 … H_{n-3}: rows of zt are multiplied from the right by the reflectors, last first.
            for (int k = n - 3; k >= 0; k--)
            {
                if (tau[k] == 0) continue;
                double* v = v0 + (long)k * n + k + 1;
                for (int i = k + 1; i < n; i++)
                {
                    double* row = zt + (long)i * n + k + 1;
                    Vectors.AddScaled(-tau[k] * Vectors.Dot(row, v, n - k - 1), v, row, n - k - 1);
                }
            }
        }
    }

    private static void ImplicitQl(double[] d, double[] e, double* zt, int n)
    {
        // Beside a large matrix, couplings below its rounding error are zero: without this, blocks of pure rounding noise never converge.
        double noise = 0;
        for (int i = 0; i < n; i++) noise = Math.Max(noise, 2e-17 * (Math.Abs(d[i]) + Math.Abs(e[i])));
        for (int l = 0; l < n; l++)
        {
            for (int iteration = 0; ; iteration++)
            {
                int m = l;
                while (m < n - 1 && Math.Abs(e[m]) > noise && Math.Abs(e[m]) > 1.1e-16 * (Math.Abs(d[m]) + Math.Abs(d[m + 1]))) m++;
                if (m == l) break;
                if (iteration == MaxIterations) throw new NumericalException($"The eigenvalues of a {n} × {n} matrix did not converge.");
                double g = (d[l + 1] - d[l]) / (2 * e[l]);
                double r = double.Hypot(g, 1);
                g = d[m] - d[l] + e[l] / (g + Math.CopySign(r, g));
                double s = 1, c = 1, p = 0;
                int i = m - 1;
                for (; i >= l; i--)
                {
                    double f = s * e[i], b = c * e[i];
                    r = double.Hypot(f, g);
                    e[i + 1] = r;
                    if (r == 0)
                    {
                        d[i + 1] -= p;
                        e[m] = 0;
                        break;
                    }
                    s = f / r;
                    c = g / r;
                    g = d[i + 1] - p;
                    r = (d[i] - g) * s + 2 * c * b;
                    p = s * r;
                    d[i + 1] = g + p;
                    g = c * r - b;
                    Vectors.Rotate(zt + (long)(i + 1) * n, zt + (long)i * n, c, s, n);
                }
                if (r == 0 && i >= l) continue;
                d[l] -= p;
                e[l] = g;
                e[m] = 0;
            }
        }
    }
}
