using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Benchmarks;

/// <summary>Decompositions beside LAPACK's. Singular values in float32, as the peer's, and in float64, as ours.</summary>
internal static unsafe class DecompositionRuns
{
    public static Matrix Random(int rows, int columns)
    {
        var random = new Random(rows * 7919 + columns);
        var m = new Matrix(rows, columns);
        for (int i = 0; i < m.Data.Length; i++)
            m.Data[i] = random.NextDouble() - 0.5;
        return m;
    }

    public static Matrix PositiveDefinite(ILinearAlgebra algebra, int n)
    {
        var half = Random(n, n);
        var a = algebra.Multiply(half, half, transposeB: true);
        for (int i = 0; i < n; i++)
            a[i, i] += 0.01;
        return a;
    }

    public static void Cholesky(ILinearAlgebra algebra, int n)
    {
        var a = PositiveDefinite(algebra, n);
        var (ours, theirs) = QuickTable.Compare(() => algebra.TryCholesky(a, out _), () => SystemBlas.Algebra.TryCholesky(a, out _));
        Line($"cholesky {n} (dpotrf)", ours, theirs);
    }

    public static void TriangularSolve(ILinearAlgebra algebra, int n, int columns)
    {
        algebra.TryCholesky(PositiveDefinite(algebra, n), out var l);
        var b = Random(n, columns);
        var (ours, theirs) = QuickTable.Compare(
            () => algebra.SolveTriangular(l, b, Side.Left, true),
            () => SystemBlas.Algebra.SolveTriangular(l, b, Side.Left, true)
        );
        Line($"triangular solve {n} x {columns} (dtrsm)", ours, theirs);
    }

    public static void Eigen(ILinearAlgebra algebra, int n)
    {
        var a = PositiveDefinite(algebra, n);
        var (ours, theirs) = QuickTable.Compare(() => algebra.SymmetricEigen(a), () => SystemBlas.Algebra.SymmetricEigen(a));
        Line($"symmetric eigen {n} (dsyevd)", ours, theirs);
    }

    public static void Svd(ILinearAlgebra algebra, int m, int n)
    {
        var a = Random(m, n);
        var (ours, theirs) = QuickTable.Compare(() => algebra.Svd(a), () => LapackSvd(a.ToSingles(), m, n));
        Line($"svd {m} x {n} (sgesdd)", ours, theirs);
        (ours, theirs) = QuickTable.Compare(() => algebra.Svd(a), () => LapackSvd(a.Clone()));
        Line($"svd {m} x {n} (dgesdd)", ours, theirs);
    }

    private static void Line(string name, double ours, double theirs) =>
        Console.WriteLine($"{name, -32} {ours * 1e3, 8:F1} {theirs * 1e3, 9:F1} {theirs / ours, 6:F2}");

    // Row-major m × n is column-major n × m, whose decomposition costs the same.
    public static void LapackSvd(float[] a, int m, int n)
    {
        byte some = (byte)'S';
        int r = Math.Min(m, n),
            info,
            work = -1;
        float needed;
        fixed (
            float* p = a,
                s = new float[r],
                u = new float[n * r],
                vt = new float[r * m]
        )
        fixed (int* integers = new int[8 * r])
        {
            SystemBlas.Sgesdd(&some, &n, &m, p, &n, s, u, &n, vt, &r, &needed, &work, integers, &info, 1);
            work = (int)needed;
            fixed (float* pw = new float[work])
                SystemBlas.Sgesdd(&some, &n, &m, p, &n, s, u, &n, vt, &r, pw, &work, integers, &info, 1);
        }
    }

    public static void LapackSvd(Matrix a)
    {
        byte some = (byte)'S';
        int m = a.Columns,
            n = a.Rows,
            r = Math.Min(m, n),
            info,
            work = -1;
        double needed;
        fixed (
            double* p = a.Data,
                s = new double[r],
                u = new double[m * r],
                vt = new double[r * n]
        )
        fixed (int* integers = new int[8 * r])
        {
            SystemBlas.Dgesdd(&some, &m, &n, p, &m, s, u, &m, vt, &r, &needed, &work, integers, &info, 1);
            work = (int)needed;
            fixed (double* pw = new double[work])
                SystemBlas.Dgesdd(&some, &m, &n, p, &m, s, u, &m, vt, &r, pw, &work, integers, &info, 1);
        }
    }
}
