using ManagedCuda.BasicTypes;
using ManagedCuda.CudaBlas;
using ManagedCuda.CudaSolve;
using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.LinearAlgebra;
using static ManagedCuda.CudaSolve.CudaSolveNativeMethods.Dense;
using Math = System.Math;

namespace SvdSurgeon.Cuda.VendorLibraries;

/// <summary>Ways to a singular value decomposition on the device.</summary>
internal enum SvdMethod
{
    /// <summary>gesvdjBatched: one-sided Jacobi, sides up to 32, many at once.</summary>
    Jacobi,
    /// <summary>gesvd: bidiagonalization and QR; the most careful one, and slow.</summary>
    Qr,
    /// <summary>Eigen-decomposition of the smaller Gram matrix: least work, and the small singular values lose half their digits.</summary>
    GramEigen,
    /// <summary>Xgesvdp: polar decomposition, made of products, and as careful as QR but near singular matrices.</summary>
    Polar,
}

/// <summary>
/// The singular value decomposition, its method chosen by size; a result that does not rebuild its matrix, or whose vectors are not orthonormal, is
/// made again by the next more careful method (<see cref="SvdCheck"/>).
/// </summary>
internal sealed unsafe partial class CudaSolver
{
    /// <summary>The largest side that cuSOLVER's batched Jacobi method takes.</summary>
    private const int LargestJacobi = 32;
    /// <summary>Up to here the QR method is fast enough. Chosen from its cost, not measured on a GPU yet.</summary>
    private const int LargestQr = 512;
    /// <summary>From this ratio of the sides the Gram matrix is tried first: its two products then cost less than the iterations on the whole matrix. Not measured yet either.</summary>
    private const double ElongatedRatio = 1.5;

    /// <inheritdoc/>
    public int LargestBatchedSide => LargestJacobi;

    /// <summary>The methods tried for an m × n matrix, m ≤ n, in order.</summary>
    internal static SvdMethod[] Methods(int m, int n) =>
        n <= LargestJacobi ? [SvdMethod.Jacobi, SvdMethod.Qr]
        : n <= LargestQr ? [SvdMethod.Qr]
        : n >= ElongatedRatio * m ? [SvdMethod.GramEigen, SvdMethod.Polar, SvdMethod.Qr]
        : [SvdMethod.Polar, SvdMethod.Qr];

    public SvdResult Svd(Matrix a) => Svd(a, Methods(Math.Min(a.Rows, a.Columns), Math.Max(a.Rows, a.Columns)));

    /// <summary>By the first of the methods whose result holds.</summary>
    internal SvdResult Svd(Matrix a, params ReadOnlySpan<SvdMethod> methods)
    {
        RequireFinite(a);
        if (a.Data.Length == 0) return new SvdResult(new Matrix(a.Rows, 0), [], new Matrix(0, a.Columns));
        // The routines want tall matrices of their own order, which are wide ones of ours.
        if (a.Rows > a.Columns)
        {
            var (u, sigma, vt) = Svd(a.Transpose(), methods);
            return new SvdResult(vt.Transpose(), sigma, u.Transpose());
        }
        using var turn = _gate.EnterScope();
        _accelerator.Bind();
        foreach (var method in methods)
        {
            var result = method switch
            {
                SvdMethod.Jacobi => Jacobi([a])[0],
                SvdMethod.Qr => Qr(a),
                SvdMethod.GramEigen => GramEigen(a),
                _ => Polar(a),
            };
            if (result is not null && SvdCheck.Holds(a, result)) return result;
        }
        throw new NumericalException($"The singular value decomposition of a {a.Rows} × {a.Columns} matrix did not converge.");
    }

    public IReadOnlyList<SvdResult> Svd(IReadOnlyList<Matrix> matrices)
    {
        bool batch = matrices.Count > 1 && matrices[0].Rows > 0 && Math.Max(matrices[0].Rows, matrices[0].Columns) <= LargestJacobi
            && matrices.All(a => a.Rows == matrices[0].Rows && a.Columns == matrices[0].Columns);
        if (!batch) return [.. matrices.Select(Svd)];
        foreach (var a in matrices) RequireFinite(a);
        bool tall = matrices[0].Rows > matrices[0].Columns;
        Matrix[] wide = tall ? [.. matrices.Select(a => a.Transpose())] : [.. matrices];
        SvdResult?[] found;
        using (_gate.EnterScope())
        {
            _accelerator.Bind();
            found = Jacobi(wide);
        }
        var results = new SvdResult[wide.Length];
        for (int i = 0; i < results.Length; i++)
        {
            var (u, sigma, vt) = found[i] is { } result && SvdCheck.Holds(wide[i], result) ? result : Svd(wide[i], SvdMethod.Qr);
            results[i] = tall ? new SvdResult(vt.Transpose(), sigma, u.Transpose()) : new SvdResult(u, sigma, vt);
        }
        return results;
    }

    // All matrices m × n with m ≤ n ≤ 32: theirs are n × m, so that their U holds our V and their V our U, one vector a row of ours.
    private SvdResult?[] Jacobi(IReadOnlyList<Matrix> matrices)
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
        var results = new SvdResult?[count];
        for (int i = 0; i < count; i++)
            if (infos[i] == 0) results[i] = new SvdResult(v.RowRange(i * m, m).Transpose(), s.Row(i).ToArray(), u.RowRange(i * n, m));
        return results;
    }

    // m ≤ n. Their U (n × m) read by rows is our Vᵀ; their Vᵀ (m × m) read by rows is our U.
    private SvdResult? Qr(Matrix a)
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
        if (Info(info, "cusolverDnDgesvd") != 0) return null;
        return new SvdResult(Download(dv, m, m), Download(ds, 1, m).Data, Download(du, m, n));
    }

    // m ≤ n, as Qr, but their V comes back untransposed.
    private SvdResult? Polar(Matrix a)
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
        // Pinned: cuSOLVER may still read it when the call has returned.
        var hostWork = GC.AllocateUninitializedArray<byte>(checked((int)Math.Max(1, (ulong)onHost)), pinned: true);
        double error = 0;
        Check(cusolverDnXgesvdp(_solver, _parameters, cusolverEigMode.Vector, 1, n, m, real, Address(da), n, real, Address(ds), real, Address(du), n, real, Address(dv), m, real,
            Address(work), onDevice, hostWork, onHost, Address(info), ref error), "cusolverDnXgesvdp");
        _stream.Synchronize();
        GC.KeepAlive(hostWork);
        if (Info(info, "cusolverDnXgesvdp") != 0) return null;
        return new SvdResult(Download(dv, m, m).Transpose(), Download(ds, 1, m).Data, Download(du, m, n));
    }

    // m ≤ n. a aᵀ = E Λ Eᵀ, σ_i = ‖e_iᵀ a‖ and v_i = e_iᵀ a / σ_i: the norm keeps the digits that √λ would lose.
    private SvdResult GramEigen(Matrix a)
    {
        int m = a.Rows, n = a.Columns, size = 0;
        using var da = Upload(a);
        using var de = _pool.Rent((long)m * m * sizeof(double));
        using var dp = _pool.Rent((long)m * n * sizeof(double));
        using var dw = _pool.Rent((long)m * sizeof(double));
        using var info = _pool.Rent(sizeof(int));
        double one = 1, zero = 0;
        // Theirs is n × m, and the Gram matrix of its columns is ours of the rows.
        CudaLibraries.Check(CudaBlasNativeMethods.cublasDsyrk_v2(_blas, FillMode.Upper, Operation.Transpose, m, n, ref one, Address(da), n, ref zero, Address(de), m), "cublasDsyrk");
        Check(cusolverDnDsyevd_bufferSize(_solver, cusolverEigMode.Vector, FillMode.Upper, m, Address(de), m, Address(dw), ref size), "cusolverDnDsyevd_bufferSize");
        using var work = _pool.Rent((long)size * sizeof(double));
        Check(cusolverDnDsyevd(_solver, cusolverEigMode.Vector, FillMode.Upper, m, Address(de), m, Address(dw), Address(work), size, Address(info)), "cusolverDnDsyevd");
        if (Info(info, "cusolverDnDsyevd") != 0) throw new NumericalException($"The eigen-decomposition of a {m} × {m} matrix did not converge.");
        // Their eigenvectors are columns, our rows: p = E a, row by row e_iᵀ a.
        CudaLibraries.Check(CudaBlasNativeMethods.cublasDgemm_v2(_blas, Operation.NonTranspose, Operation.NonTranspose, n, m, m, ref one, Address(da), n, Address(de), m, ref zero,
            Address(dp), n), "cublasDgemm");
        Matrix e = Download(de, m, m), p = Download(dp, m, n);
        var norms = new double[m];
        for (int i = 0; i < m; i++) norms[i] = Math.Sqrt(SvdCheck.Dot(p.Row(i), p.Row(i)));
        var order = Enumerable.Range(0, m).OrderByDescending(i => norms[i]).ToArray();
        var (u, vt) = (new Matrix(m, m), p.SelectRows(order));
        for (int k = 0; k < m; k++)
        {
            for (int i = 0; i < m; i++) u[i, k] = e[order[k], i];
            // Of a singular value of 0 no vector is known; the check sends the matrix on.
            if (norms[order[k]] > 0)
                foreach (ref double value in vt.Row(k)) value /= norms[order[k]];
        }
        return new SvdResult(u, [.. order.Select(i => norms[i])], vt);
    }
}
