using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Benchmarks;

/// <summary>Decompositions beside LAPACK's. LAPACK's singular values are float32, as the peer's; ours are float64.</summary>
internal static unsafe class DecompositionRuns
{
    public static Matrix Random(int rows, int columns)
    {
        var random = new Random(rows * 7919 + columns);
        var m = new Matrix(rows, columns);
        for (int i = 0; i < m.Data.Length; i++) m.Data[i] = random.NextDouble() - 0.5;
        return m;
    }

    public static Matrix PositiveDefinite(ILinearAlgebra algebra, int n)
    {
        var half = Random(n, n);
        var a = algebra.Multiply(half, half, transposeB: true);
        for (int i = 0; i < n; i++) a[i, i] += 0.01;
        return a;
    }

    public static void Cholesky(ILinearAlgebra algebra, int n)
    {
        var a = PositiveDefinite(algebra, n);
        var (ours, theirs) = QuickTable.Compare(() => algebra.TryCholesky(a, out _), () => LapackCholesky(a.Clone()));
        Line($"cholesky {n} (dpotrf)", ours, theirs);
    }

    public static void TriangularSolve(ILinearAlgebra algebra, int n, int columns)
    {
        algebra.TryCholesky(PositiveDefinite(algebra, n), out var l);
        var b = Random(n, columns);
        var (ours, theirs) = QuickTable.Compare(() => algebra.SolveTriangular(l, b, Side.Left, true), () => BlasSolve(l, b.Clone()));
        Line($"triangular solve {n} x {columns} (dtrsm)", ours, theirs);
    }

    public static void Eigen(ILinearAlgebra algebra, int n)
    {
        var a = PositiveDefinite(algebra, n);
        var (ours, theirs) = QuickTable.Compare(() => algebra.SymmetricEigen(a), () => LapackEigen(a.Clone()));
        Line($"symmetric eigen {n} (dsyevd)", ours, theirs);
    }

    public static void Svd(ILinearAlgebra algebra, int m, int n)
    {
        var a = Random(m, n);
        var (ours, theirs) = QuickTable.Compare(() => algebra.Svd(a), () => LapackSvd(a.ToSingles(), m, n));
        Line($"svd {m} x {n} (sgesdd)", ours, theirs);
    }

    private static void Line(string name, double ours, double theirs) => Console.WriteLine($"{name,-32} {ours * 1e3,8:F1} {theirs * 1e3,9:F1} {theirs / ours,6:F2}");

    public static void LapackCholesky(Matrix a)
    {
        byte lower = (byte)'L';
        int n = a.Rows, info;
        fixed (double* p = a.Data) OpenBlas.Dpotrf(&lower, &n, p, &n, &info);
    }

    public static void BlasSolve(Matrix l, Matrix b)
    {
        fixed (double* pl = l.Data, pb = b.Data) OpenBlas.Dtrsm(101, 141, 122, 112, 131, b.Rows, b.Columns, 1, pl, l.Columns, pb, b.Columns);
    }

    public static void LapackEigen(Matrix a)
    {
        byte vectors = (byte)'V', lower = (byte)'L';
        int n = a.Rows, info, work = -1, integers = -1, neededIntegers;
        double needed;
        var values = new double[n];
        fixed (double* p = a.Data, w = values)
        {
            OpenBlas.Dsyevd(&vectors, &lower, &n, p, &n, w, &needed, &work, &neededIntegers, &integers, &info);
            (work, integers) = ((int)needed, neededIntegers);
            fixed (double* pw = new double[work])
            fixed (int* pi = new int[integers]) OpenBlas.Dsyevd(&vectors, &lower, &n, p, &n, w, pw, &work, pi, &integers, &info);
        }
    }

    // Row-major m × n is column-major n × m, whose decomposition costs the same.
    public static void LapackSvd(float[] a, int m, int n)
    {
        byte some = (byte)'S';
        int r = Math.Min(m, n), info, work = -1;
        float needed;
        fixed (float* p = a, s = new float[r], u = new float[n * r], vt = new float[r * m])
        fixed (int* integers = new int[8 * r])
        {
            OpenBlas.Sgesdd(&some, &n, &m, p, &n, s, u, &n, vt, &r, &needed, &work, integers, &info);
            work = (int)needed;
            fixed (float* pw = new float[work]) OpenBlas.Sgesdd(&some, &n, &m, p, &n, s, u, &n, vt, &r, pw, &work, integers, &info);
        }
    }
}
