using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ManagedCuda.BasicTypes;
using ManagedCuda.CudaBlas;
using ManagedCuda.CudaSolve;
using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.LinearAlgebra;
using static ManagedCuda.CudaSolve.CudaSolveNativeMethods.Dense;
using static SvdSurgeon.Cuda.VendorLibraries.CudaLibraries;
using Math = System.Math;

namespace SvdSurgeon.Cuda.VendorLibraries;

/// <summary>
/// Float64 decompositions by cuBLAS and cuSOLVER of host matrices. The singular value decomposition is chosen by size: Jacobi in batches up to 32,
/// QR up to 512, the polar decomposition beyond, whose result is checked and made again by QR if it fails.
/// </summary>
internal sealed unsafe class CudaSolver : ILinearAlgebra, IDisposable
{
    /// <summary>The largest side that cuSOLVER's batched Jacobi method takes.</summary>
    private const int LargestBatched = 32;
    /// <summary>Up to here the QR method is fast enough. Chosen from its cost, not measured on a GPU yet.</summary>
    private const int LargestQr = 512;
    /// <summary>How far a vector may be from what the factors make of it, relative to the matrix: float64 with room for a few thousand columns.</summary>
    private const double CheckTolerance = 1e-10;

    private readonly CudaAccelerator _accelerator;
    private readonly AcceleratorStream _stream;
    private readonly DevicePool _pool;
    private readonly CudaBlasHandle _blas;
    private readonly Lock _gate;
    private readonly cusolverDnHandle _solver;
    private readonly cusolverDnParams _parameters;

    public CudaSolver(CudaAccelerator accelerator, CudaStream stream, DevicePool pool, CudaBlasHandle blas, Lock gate)
    {
        (_accelerator, _stream, _pool, _blas, _gate) = (accelerator, stream, pool, blas, gate);
        Check(cusolverDnCreate(ref _solver), "cusolverDnCreate");
        Check(cusolverDnSetStream(_solver, new CUstream { Pointer = stream.StreamPtr }), "cusolverDnSetStream");
        Check(cusolverDnCreateParams(ref _parameters), "cusolverDnCreateParams");
    }

    public Matrix Multiply(Matrix a, Matrix b, bool transposeA = false, bool transposeB = false)
    {
        using var turn = _gate.EnterScope();
        _accelerator.Bind();
        int m = transposeA ? a.Columns : a.Rows, k = transposeA ? a.Rows : a.Columns, n = transposeB ? b.Rows : b.Columns;
        if (k != (transposeB ? b.Columns : b.Rows)) throw new ArgumentException($"{m} × {k} cannot be multiplied by {(transposeB ? b.Columns : b.Rows)} × {n}.", nameof(b));
        using var da = Upload(a);
        using var db = Upload(b);
        using var dc = _pool.Rent((long)m * n * sizeof(double));
        double one = 1, zero = 0;
        CudaLibraries.Check(CudaBlasNativeMethods.cublasDgemm_v2(_blas, Transposed(transposeB), Transposed(transposeA), n, m, k, ref one, Address(db), b.Columns, Address(da),
            a.Columns, ref zero, Address(dc), n), "cublasDgemm");
        return Download(dc, m, n);
    }

    public bool TryCholesky(Matrix a, out Matrix lower)
    {
        using var turn = _gate.EnterScope();
        _accelerator.Bind();
        RequireSquare(a);
        int n = a.Rows, size = 0;
        using var da = Upload(a);
        using var info = _pool.Rent(sizeof(int));
        // Row-major lower is column-major upper, and U = Lᵀ is L read by rows.
        Check(cusolverDnDpotrf_bufferSize(_solver, FillMode.Upper, n, Address(da), n, ref size), "cusolverDnDpotrf_bufferSize");
        using var work = _pool.Rent((long)size * sizeof(double));
        Check(cusolverDnDpotrf(_solver, FillMode.Upper, n, Address(da), n, Address(work), size, Address(info)), "cusolverDnDpotrf");
        lower = Download(da, n, n);
        bool positive = Info(info) == 0;
        for (int i = 0; i < n; i++)
        {
            lower.Row(i)[(i + 1)..].Clear();
            positive &= lower[i, i] > 0 && double.IsFinite(lower[i, i]);
        }
        return positive;
    }

    public Matrix SolveTriangular(Matrix lower, Matrix b, Side side, bool transpose)
    {
        using var turn = _gate.EnterScope();
        _accelerator.Bind();
        RequireSquare(lower);
        if ((side == Side.Left ? b.Rows : b.Columns) != lower.Rows)
            throw new ArgumentException($"A {lower.Rows} × {lower.Rows} triangle cannot be solved with {b.Rows} × {b.Columns}.", nameof(b));
        using var dl = Upload(lower);
        using var db = Upload(b);
        double one = 1;
        // op(L) X = B is Xᵀ op(L)ᵀ = Bᵀ, and what they read in place of L is Lᵀ, an upper triangle.
        CudaLibraries.Check(CudaBlasNativeMethods.cublasDtrsm_v2(_blas, side == Side.Left ? SideMode.Right : SideMode.Left, FillMode.Upper, Transposed(transpose), DiagType.NonUnit,
            b.Columns, b.Rows, ref one, Address(dl), lower.Rows, Address(db), b.Columns), "cublasDtrsm");
        return Download(db, b.Rows, b.Columns);
    }

    public EigenResult SymmetricEigen(Matrix a)
    {
        using var turn = _gate.EnterScope();
        _accelerator.Bind();
        RequireSquare(a);
        RequireFinite(a);
        int n = a.Rows, size = 0;
        using var da = Upload(a);
        using var dw = _pool.Rent((long)n * sizeof(double));
        using var info = _pool.Rent(sizeof(int));
        Check(cusolverDnDsyevd_bufferSize(_solver, cusolverEigMode.Vector, FillMode.Upper, n, Address(da), n, Address(dw), ref size), "cusolverDnDsyevd_bufferSize");
        using var work = _pool.Rent((long)size * sizeof(double));
        Check(cusolverDnDsyevd(_solver, cusolverEigMode.Vector, FillMode.Upper, n, Address(da), n, Address(dw), Address(work), size, Address(info)), "cusolverDnDsyevd");
        if (Info(info) != 0) throw new NumericalException($"The eigen-decomposition of a {n} × {n} matrix did not converge.");
        // Ascending, one vector a row; wanted: descending, one a column.
        Matrix rows = Download(da, n, n), values = Download(dw, 1, n), vectors = new(n, n);
        for (int j = 0; j < n; j++)
            for (int i = 0; i < n; i++) vectors.Data[i * n + j] = rows.Data[(n - 1 - j) * n + i];
        Array.Reverse(values.Data);
        return new EigenResult(values.Data, vectors);
    }

    public SvdResult Svd(Matrix a)
    {
        RequireFinite(a);
        // The routines want tall matrices of their own order, which are wide ones of ours.
        if (a.Rows > a.Columns)
        {
            var (u, sigma, vt) = Svd(a.Transpose());
            return new SvdResult(vt.Transpose(), sigma, u.Transpose());
        }
        using var turn = _gate.EnterScope();
        _accelerator.Bind();
        if (a.Columns <= LargestBatched) return Jacobi([a])[0];
        if (a.Columns > LargestQr)
        {
            var polar = Polar(a);
            if (Holds(a, polar)) return polar;
        }
        return Qr(a);
    }

    public IReadOnlyList<SvdResult> Svd(IReadOnlyList<Matrix> matrices)
    {
        bool batch = matrices.Count > 1 && matrices[0].Rows <= matrices[0].Columns && matrices[0].Columns <= LargestBatched
            && matrices.All(a => a.Rows == matrices[0].Rows && a.Columns == matrices[0].Columns);
        if (!batch) return [.. matrices.Select(Svd)];
        foreach (var a in matrices) RequireFinite(a);
        using var turn = _gate.EnterScope();
        _accelerator.Bind();
        return Jacobi(matrices);
    }

    public double[] SingularValues(Matrix a) => Svd(a).Sigma;

    public void Dispose()
    {
        cusolverDnDestroyParams(_parameters);
        cusolverDnDestroy(_solver);
    }

    // All matrices m × n with m ≤ n ≤ 32: theirs are n × m, so that their U holds our V and their V our U, one vector a row of ours.
    private SvdResult[] Jacobi(IReadOnlyList<Matrix> matrices)
    {
        int m = matrices[0].Rows, n = matrices[0].Columns, count = matrices.Count, size = 0;
        using var da = _pool.Rent((long)count * m * n * sizeof(double));
        for (int i = 0; i < count; i++) Transfer.Upload(_stream, matrices[i].Data, da.As<double>((long)count * m * n).SubView((long)i * m * n, (long)m * n));
        using var ds = _pool.Rent((long)count * m * sizeof(double));
        using var du = _pool.Rent((long)count * n * n * sizeof(double));
        using var dv = _pool.Rent((long)count * m * m * sizeof(double));
        using var info = _pool.Rent((long)count * sizeof(int));
        gesvdjInfo settings = default;
        Check(cusolverDnCreateGesvdjInfo(ref settings), "cusolverDnCreateGesvdjInfo");
        try
        {
            Check(cusolverDnDgesvdjBatched_bufferSize(_solver, cusolverEigMode.Vector, n, m, Address(da), n, Address(ds), Address(du), n, Address(dv), m, ref size, settings, count),
                "cusolverDnDgesvdjBatched_bufferSize");
            using var work = _pool.Rent((long)size * sizeof(double));
            Check(cusolverDnDgesvdjBatched(_solver, cusolverEigMode.Vector, n, m, Address(da), n, Address(ds), Address(du), n, Address(dv), m, Address(work), size, Address(info),
                settings, count), "cusolverDnDgesvdjBatched");
        }
        finally
        {
            cusolverDnDestroyGesvdjInfo(settings);
        }
        var infos = new int[count];
        Transfer.Download(_stream, info.As<int>(count), infos.AsSpan());
        Matrix s = Download(ds, count, m), u = Download(du, count * n, n), v = Download(dv, count * m, m);
        var results = new SvdResult[count];
        for (int i = 0; i < count; i++)
            results[i] = infos[i] == 0 ? new SvdResult(v.RowRange(i * m, m).Transpose(), s.Row(i).ToArray(), u.RowRange(i * n, m)) : Qr(matrices[i]);
        return results;
    }

    // m ≤ n. Their U (n × m) read by rows is our Vᵀ; their Vᵀ (m × m) read by rows is our U.
    private SvdResult Qr(Matrix a)
    {
        int m = a.Rows, n = a.Columns, size = 0;
        using var da = Upload(a);
        using var ds = _pool.Rent((long)m * sizeof(double));
        using var du = _pool.Rent((long)m * n * sizeof(double));
        using var dv = _pool.Rent((long)m * m * sizeof(double));
        using var info = _pool.Rent(sizeof(int));
        Check(cusolverDnDgesvd_bufferSize(_solver, n, m, ref size), "cusolverDnDgesvd_bufferSize");
        using var work = _pool.Rent((long)size * sizeof(double));
        Check(cusolverDnDgesvd(_solver, 'S', 'S', n, m, Address(da), n, Address(ds), Address(du), n, Address(dv), m, Address(work), size, default, Address(info)), "cusolverDnDgesvd");
        if (Info(info) != 0) throw new NumericalException($"The singular value decomposition of a {m} × {n} matrix did not converge.");
        return new SvdResult(Download(dv, m, m), Download(ds, 1, m).Data, Download(du, m, n));
    }

    // m ≤ n, as Qr, but their V comes back untransposed.
    private SvdResult Polar(Matrix a)
    {
        int m = a.Rows, n = a.Columns;
        using var da = Upload(a);
        using var ds = _pool.Rent((long)m * sizeof(double));
        using var du = _pool.Rent((long)m * n * sizeof(double));
        using var dv = _pool.Rent((long)m * m * sizeof(double));
        using var info = _pool.Rent(sizeof(int));
        const cudaDataType real = cudaDataType.CUDA_R_64F;
        ManagedCuda.BasicTypes.SizeT onDevice = 0, onHost = 0;
        Check(cusolverDnXgesvdp_bufferSize(_solver, _parameters, cusolverEigMode.Vector, 1, n, m, real, Address(da), n, real, Address(ds), real, Address(du), n, real, Address(dv), m,
            real, ref onDevice, ref onHost), "cusolverDnXgesvdp_bufferSize");
        using var work = _pool.Rent((long)(ulong)onDevice);
        var hostWork = new byte[Math.Max(1, (long)(ulong)onHost)];
        double error = 0;
        Check(cusolverDnXgesvdp(_solver, _parameters, cusolverEigMode.Vector, 1, n, m, real, Address(da), n, real, Address(ds), real, Address(du), n, real, Address(dv), m, real,
            Address(work), onDevice, hostWork, onHost, Address(info), ref error), "cusolverDnXgesvdp");
        _stream.Synchronize();
        return new SvdResult(Download(dv, m, m).Transpose(), Download(ds, 1, m).Data, Download(du, m, n));
    }

    // U Σ Vᵀ z = A z and VᵀV z = z, UᵀU z = z for one random z: a wrong factor passes with probability 0.
    private static bool Holds(Matrix a, SvdResult svd)
    {
        var random = new Random(20260623);
        int m = a.Rows, n = a.Columns;
        double[] z = new double[n], w = new double[m];
        for (int i = 0; i < n; i++) z[i] = random.NextDouble() - 0.5;
        for (int i = 0; i < m; i++) w[i] = random.NextDouble() - 0.5;
        var projected = Times(svd.Vt, z);
        for (int i = 0; i < m; i++) projected[i] *= svd.Sigma[i];
        double scale = svd.Sigma[0] * Math.Sqrt(n);
        return Distance(Times(svd.U, projected), Times(a, z)) <= CheckTolerance * scale
            && Distance(Times(svd.Vt, TransposeTimes(svd.Vt, w)), w) <= CheckTolerance * Math.Sqrt(n)
            && Distance(TransposeTimes(svd.U, Times(svd.U, w)), w) <= CheckTolerance * Math.Sqrt(n);
    }

    private static double[] Times(Matrix a, double[] x)
    {
        var y = new double[a.Rows];
        for (int i = 0; i < a.Rows; i++)
        {
            double sum = 0;
            var row = a.Row(i);
            for (int j = 0; j < row.Length; j++) sum += row[j] * x[j];
            y[i] = sum;
        }
        return y;
    }

    private static double[] TransposeTimes(Matrix a, double[] x)
    {
        var y = new double[a.Columns];
        for (int i = 0; i < a.Rows; i++)
        {
            var row = a.Row(i);
            for (int j = 0; j < row.Length; j++) y[j] += row[j] * x[i];
        }
        return y;
    }

    private static double Distance(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
        return double.IsNaN(sum) ? double.PositiveInfinity : Math.Sqrt(sum);
    }

    private DeviceBlock Upload(Matrix a)
    {
        var block = _pool.Rent(a.Data.LongLength * sizeof(double));
        Transfer.Upload(_stream, a.Data, block.As<double>(a.Data.LongLength));
        return block;
    }

    private Matrix Download(DeviceBlock block, int rows, int columns)
    {
        var m = new Matrix(rows, columns);
        Transfer.Download(_stream, block.As<double>(m.Data.LongLength), m.Data.AsSpan());
        return m;
    }

    private int Info(DeviceBlock info)
    {
        int value = 0;
        Transfer.Download(_stream, info.As<int>(1), new Span<int>(ref value));
        return value;
    }

    private static CUdeviceptr Address(DeviceBlock block) => Device(block.As<byte>(1).LoadEffectiveAddressAsPtr());

    private static void RequireSquare(Matrix a)
    {
        if (a.Rows != a.Columns) throw new ArgumentException($"A {a.Rows} × {a.Columns} matrix is not square.", nameof(a));
    }

    private static void RequireFinite(Matrix a)
    {
        foreach (double value in a.Data)
            if (!double.IsFinite(value)) throw new NumericalException($"A {a.Rows} × {a.Columns} matrix to be decomposed holds a number that is not finite.");
    }

    private static void Check(cusolverStatus status, string call)
    {
        if (status != cusolverStatus.Success) throw new NumericalException($"{call} failed: {status}. svdsurgeon devices shows which cuSOLVER was loaded.");
    }
}
