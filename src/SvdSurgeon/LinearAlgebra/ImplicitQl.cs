using SvdSurgeon.Backends.Blas;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>Implicit QL iteration on a small part of a symmetric tridiagonal matrix.</summary>
internal static unsafe class ImplicitQl
{
    private const int MaxIterations = 60;

    /// <summary>Diagonalizes [first, last); rows of z (that block of it, the identity at the start) become eigenvectors, values ascend.</summary>
    public static void Decompose(double[] d, double[] e, double* z, int n, int first, int last)
    {
        // Beside a large matrix, couplings below its rounding error are zero: without this, blocks of pure rounding noise never converge.
        double noise = 0;
        for (int i = first; i < last; i++) noise = Math.Max(noise, 2e-17 * (Math.Abs(d[i]) + Math.Abs(e[i])));
        for (int l = first; l < last; l++)
            for (int iteration = 0; ; iteration++)
            {
                int m = l;
                while (m < last - 1 && Math.Abs(e[m]) > noise && Math.Abs(e[m]) > 1.1e-16 * (Math.Abs(d[m]) + Math.Abs(d[m + 1]))) m++;
                if (m == l) break;
                if (iteration == MaxIterations) throw new NumericalException($"The eigenvalues of a {n} × {n} matrix did not converge.");
                Sweep(d, e, l, m, z + first, n, last - first);
            }
        Sort(d, z + first, n, first, last);
    }

    private static void Sweep(double[] d, double[] e, int l, int m, double* z, int n, int width)
    {
        double g = (d[l + 1] - d[l]) / (2 * e[l]);
        double r = double.Hypot(g, 1);
        g = d[m] - d[l] + e[l] / (g + Math.CopySign(r, g));
        double s = 1, c = 1, p = 0;
        for (int i = m - 1; i >= l; i--)
        {
            double f = s * e[i], b = c * e[i];
            r = double.Hypot(f, g);
            e[i + 1] = r;
            if (r == 0)
            {
                d[i + 1] -= p;
                e[m] = 0;
                return;
            }
            s = f / r;
            c = g / r;
            g = d[i + 1] - p;
            r = (d[i] - g) * s + 2 * c * b;
            p = s * r;
            d[i + 1] = g + p;
            g = c * r - b;
            Vectors.Rotate(z + (long)(i + 1) * n, z + (long)i * n, c, s, width);
        }
        d[l] -= p;
        e[l] = g;
        e[m] = 0;
    }

    private static void Sort(double[] d, double* z, int n, int first, int last)
    {
        int width = last - first;
        for (int i = first; i < last - 1; i++)
        {
            int smallest = i;
            for (int j = i + 1; j < last; j++)
                if (d[j] < d[smallest]) smallest = j;
            if (smallest == i) continue;
            (d[i], d[smallest]) = (d[smallest], d[i]);
            // A rotation by 90 degrees; the sign of an eigenvector is free.
            Vectors.Rotate(z + (long)i * n, z + (long)smallest * n, 0, 1, width);
        }
    }
}
