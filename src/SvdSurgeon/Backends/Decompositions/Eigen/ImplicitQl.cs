using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Decompositions.Eigen;

/// <summary>
/// Implicit QL iteration: on a small part of a symmetric tridiagonal matrix, or for the eigenvalues of a whole one without vectors.
/// </summary>
internal static unsafe class ImplicitQl
{
    private const int MaxIterations = 60;

    /// <summary>
    /// Diagonalizes [first, last); rows of z (that block of it, the identity at the start) become eigenvectors, values ascend.
    /// </summary>
    public static void Decompose(double[] d, double[] e, double* z, int n, int first, int last)
    {
        Iterate(d, e, z, n, first, last);
        Sort(d, z + first, n, first, last);
    }

    // Without vectors z is null.
    private static void Iterate(double[] d, double[] e, double* z, int n, int first, int last)
    {
        // Beside a large matrix, couplings below its rounding error are zero: without this, blocks of pure rounding noise never converge.
        double noise = 0;
        for (int i = first; i < last; i++)
            noise = Math.Max(noise, 2e-17 * (Math.Abs(d[i]) + Math.Abs(e[i])));
        for (int l = first; l < last; l++)
        for (int iteration = 0; ; iteration++)
        {
            int m = l;
            while (m < last - 1 && Math.Abs(e[m]) > noise && Math.Abs(e[m]) > 1.1e-16 * (Math.Abs(d[m]) + Math.Abs(d[m + 1])))
                m++;
            if (m == l)
                break;
            if (iteration == MaxIterations)
                throw new NumericalException($"The eigenvalues of a {n} × {n} matrix did not converge.");
            Sweep(d, e, l, m, z is null ? null : z + first, n, last - first);
        }
    }

    /// <summary>Eigenvalues alone, ascending, in place of the diagonal; overwrites <paramref name="e"/>.</summary>
    public static void Values(double[] d, double[] e)
    {
        Iterate(d, e, null, d.Length, 0, d.Length);
        Array.Sort(d);
    }

    private static void Sweep(double[] d, double[] e, int l, int m, double* z, int n, int width)
    {
        double g = (d[l + 1] - d[l]) / (2 * e[l]);
        double r = Length(g, 1);
        g = d[m] - d[l] + e[l] / (g + Math.CopySign(r, g));
        double s = 1,
            c = 1,
            p = 0;
        for (int i = m - 1; i >= l; i--)
        {
            double f = s * e[i],
                b = c * e[i];
            r = Length(f, g);
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
            if (z is not null)
                Vectors.Rotate(z + (long)(i + 1) * n, z + (long)i * n, c, s, width);
        }
        d[l] -= p;
        e[l] = g;
        e[m] = 0;
    }

    // double.Hypot takes several times as long, and the matrix is scaled: almost no square leaves the range.
    private static double Length(double x, double y)
    {
        double square = x * x + y * y;
        return square is > 1e-280 and < 1e280 ? Math.Sqrt(square) : double.Hypot(x, y);
    }

    private static void Sort(double[] d, double* z, int n, int first, int last)
    {
        int width = last - first;
        for (int i = first; i < last - 1; i++)
        {
            int smallest = i;
            for (int j = i + 1; j < last; j++)
                if (d[j] < d[smallest])
                    smallest = j;
            if (smallest == i)
                continue;
            (d[i], d[smallest]) = (d[smallest], d[i]);
            // A rotation by 90 degrees; the sign of an eigenvector is free.
            Vectors.Rotate(z + (long)i * n, z + (long)smallest * n, 0, 1, width);
        }
    }
}
