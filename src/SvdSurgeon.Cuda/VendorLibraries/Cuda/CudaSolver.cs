using ILGPU.Runtime;
using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.LinearAlgebra;
using static SvdSurgeon.Cuda.VendorLibraries.CudaLibraries;

namespace SvdSurgeon.Cuda.VendorLibraries;

/// <summary>Float64 products, triangles and decompositions of host matrices by cuBLAS and cuSOLVER.</summary>
internal sealed unsafe partial class CudaSolver : ILinearAlgebra, IDisposable
{
    private readonly Accelerator _accelerator;
    private readonly AcceleratorStream _stream;
    private readonly DevicePool _pool;
    private readonly CublasHandle _blas;
    private readonly Lock _gate;
    private readonly CusolverHandle _solver;
    private readonly CusolverParameters _parameters;
    private readonly CudaLimits _limits;
    private readonly BatchedEigen? _batchedEigen = BatchedEigen.Find();

    public CudaSolver(
        Accelerator accelerator,
        AcceleratorStream stream,
        StreamHandle nativeStream,
        DevicePool pool,
        CublasHandle blas,
        Lock gate,
        CudaLimits limits
    )
    {
        (_accelerator, _stream, _pool, _blas, _gate, _limits) = (accelerator, stream, pool, blas, gate, limits);
        Check(Cusolver.cusolverDnCreate(ref _solver), "cusolverDnCreate");
        Check(Cusolver.cusolverDnSetStream(_solver, nativeStream), "cusolverDnSetStream");
        Check(Cusolver.cusolverDnCreateParams(ref _parameters), "cusolverDnCreateParams");
    }

    public Matrix Multiply(Matrix a, Matrix b, bool transposeA = false, bool transposeB = false)
    {
        using var turn = _gate.EnterScope();
        _accelerator.Bind();
        int m = transposeA ? a.Columns : a.Rows,
            k = transposeA ? a.Rows : a.Columns,
            n = transposeB ? b.Rows : b.Columns;
        if (k != (transposeB ? b.Columns : b.Rows))
            throw new ArgumentException($"{m} × {k} cannot be multiplied by {(transposeB ? b.Columns : b.Rows)} × {n}.", nameof(b));
        // A leading dimension of 0 is an error to cuBLAS, and a sum over nothing is 0.
        if (m == 0 || n == 0 || k == 0)
            return new Matrix(m, n);
        using var da = Upload(a);
        using var db = Upload(b);
        using var dc = _pool.Rent((long)m * n * sizeof(double));
        double one = 1,
            zero = 0;
        CudaLibraries.Check(
            Cublas.cublasDgemm_v2(
                _blas,
                Transposed(transposeB),
                Transposed(transposeA),
                n,
                m,
                k,
                ref one,
                Address(db),
                b.Columns,
                Address(da),
                a.Columns,
                ref zero,
                Address(dc),
                n
            ),
            "cublasDgemm"
        );
        return Download(dc, m, n);
    }

    public bool TryCholesky(Matrix a, out Matrix lower)
    {
        using var turn = _gate.EnterScope();
        _accelerator.Bind();
        RequireSquare(a);
        int n = a.Rows,
            size = 0;
        if (n == 0)
        {
            lower = new Matrix(0, 0);
            return true;
        }
        using var da = Upload(a);
        using var info = _pool.Rent(sizeof(int));
        // Row-major lower is column-major upper, and U = Lᵀ is L read by rows.
        Check(Cusolver.cusolverDnDpotrf_bufferSize(_solver, FillMode.Upper, n, Address(da), n, ref size), "cusolverDnDpotrf_bufferSize");
        using var work = _pool.Rent((long)size * sizeof(double));
        Check(
            Cusolver.cusolverDnDpotrf(_solver, FillMode.Upper, n, Address(da), n, Address(work), size, Address(info)),
            "cusolverDnDpotrf"
        );
        lower = Download(da, n, n);
        bool positive = Info(info, "cusolverDnDpotrf") == 0;
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
        if (b.Data.Length == 0)
            return b.Clone();
        using var dl = Upload(lower);
        using var db = Upload(b);
        double one = 1;
        // op(L) X = B is Xᵀ op(L)ᵀ = Bᵀ, and what they read in place of L is Lᵀ, an upper triangle.
        CudaLibraries.Check(
            Cublas.cublasDtrsm_v2(
                _blas,
                side == Side.Left ? SideMode.Right : SideMode.Left,
                FillMode.Upper,
                Transposed(transpose),
                DiagonalType.NonUnit,
                b.Columns,
                b.Rows,
                ref one,
                Address(dl),
                lower.Rows,
                Address(db),
                b.Columns
            ),
            "cublasDtrsm"
        );
        return Download(db, b.Rows, b.Columns);
    }

    public EigenResult SymmetricEigen(Matrix a)
    {
        using var turn = _gate.EnterScope();
        _accelerator.Bind();
        RequireSquare(a);
        RequireFinite(a);
        int n = a.Rows,
            size = 0;
        if (n == 0)
            return new EigenResult([], new Matrix(0, 0));
        using var da = Upload(a);
        using var dw = _pool.Rent((long)n * sizeof(double));
        using var info = _pool.Rent(sizeof(int));
        Check(
            Cusolver.cusolverDnDsyevd_bufferSize(_solver, EigenMode.Vector, FillMode.Upper, n, Address(da), n, Address(dw), ref size),
            "cusolverDnDsyevd_bufferSize"
        );
        using var work = _pool.Rent((long)size * sizeof(double));
        Check(
            Cusolver.cusolverDnDsyevd(
                _solver,
                EigenMode.Vector,
                FillMode.Upper,
                n,
                Address(da),
                n,
                Address(dw),
                Address(work),
                size,
                Address(info)
            ),
            "cusolverDnDsyevd"
        );
        if (Info(info, "cusolverDnDsyevd") != 0)
            throw new NumericalException($"The eigen-decomposition of a {n} × {n} matrix did not converge.");
        // Ascending, one vector per row; wanted: descending, one per column.
        Matrix rows = Download(da, n, n),
            values = Download(dw, 1, n),
            vectors = new(n, n);
        for (int j = 0; j < n; j++)
        for (int i = 0; i < n; i++)
            vectors.Data[i * n + j] = rows.Data[(n - 1 - j) * n + i];
        Array.Reverse(values.Data);
        return new EigenResult(values.Data, vectors);
    }

    public void Dispose()
    {
        Cusolver.cusolverDnDestroyParams(_parameters);
        Cusolver.cusolverDnDestroy(_solver);
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

    // devInfo: 0, or what did not work out; below 0 the number of an argument that cuSOLVER did not like, which is a mistake of this
    // program.
    private int Info(DeviceBlock info, string call)
    {
        int value = 0;
        Transfer.Download(_stream, info.As<int>(1), new Span<int>(ref value));
        return value >= 0 ? value : throw new InvalidOperationException($"{call}: argument {-value} is wrong.");
    }

    private static DevicePointer Address(DeviceBlock block) => Device(block.As<byte>(1).LoadEffectiveAddressAsPtr());

    private static void RequireSquare(Matrix a)
    {
        if (a.Rows != a.Columns)
            throw new ArgumentException($"A {a.Rows} × {a.Columns} matrix is not square.", nameof(a));
    }

    private static void RequireFinite(Matrix a)
    {
        foreach (double value in a.Data)
            if (!double.IsFinite(value))
                throw new NumericalException($"A {a.Rows} × {a.Columns} matrix to be decomposed holds a number that is not finite.");
    }

    private static void Check(CusolverStatus status, string call)
    {
        if (status != CusolverStatus.Success)
            throw new NumericalException($"{call} failed: {status}. svdsurgeon devices shows which cuSOLVER was loaded.");
    }
}
