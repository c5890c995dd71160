using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Cuda.VendorLibraries;

/// <summary>
/// The singular value decomposition, its method chosen by size; a result that does not rebuild its matrix, or whose vectors are not
/// orthonormal, is made again by the next more careful method (<see cref="SvdCheck"/>).
/// </summary>
internal sealed unsafe partial class CudaSolver
{
    /// <summary>The largest side that cuSOLVER's batched Jacobi method takes.</summary>
    private const int LargestJacobi = 32;

    /// <inheritdoc/>
    public int LargestBatchedSide => _batchedEigen is null ? LargestJacobi : Math.Max(LargestJacobi, _limits.LargestBatchedEigen);

    /// <summary>The methods tried for an m × n matrix, m ≤ n, in order.</summary>
    internal static SvdMethod[] Methods(int m, int n, CudaLimits limits) =>
        n <= LargestJacobi ? [SvdMethod.Jacobi, SvdMethod.Qr]
        : n <= limits.LargestQr ? [SvdMethod.Qr]
        : n >= limits.ElongatedRatio * m ? [SvdMethod.GramEigen, SvdMethod.Polar, SvdMethod.Qr]
        : [SvdMethod.Polar, SvdMethod.Qr];

    public SvdResult Svd(Matrix a) => Svd(a, Methods(Math.Min(a.Rows, a.Columns), Math.Max(a.Rows, a.Columns), _limits));

    /// <summary>By the first of the methods whose result holds.</summary>
    internal SvdResult Svd(Matrix a, params ReadOnlySpan<SvdMethod> methods)
    {
        RequireFinite(a);
        if (a.Data.Length == 0)
            return new SvdResult(new Matrix(a.Rows, 0), [], new Matrix(0, a.Columns));
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
            if (result is not null && SvdCheck.Holds(a, result))
                return result;
        }
        throw new NumericalException($"The singular value decomposition of a {a.Rows} × {a.Columns} matrix did not converge.");
    }

    // m ≤ n. Their U (n × m) read by rows is our Vᵀ; their Vᵀ (m × m) read by rows is our U.
    private SvdResult? Qr(Matrix a)
    {
        int m = a.Rows,
            n = a.Columns,
            size = 0;
        using var da = Upload(a);
        using var ds = _pool.Rent((long)m * sizeof(double));
        using var du = _pool.Rent((long)m * n * sizeof(double));
        using var dv = _pool.Rent((long)m * m * sizeof(double));
        using var info = _pool.Rent(sizeof(int));
        Check(Cusolver.cusolverDnDgesvd_bufferSize(_solver, n, m, ref size), "cusolverDnDgesvd_bufferSize");
        using var work = _pool.Rent((long)size * sizeof(double));
        Check(
            Cusolver.cusolverDnDgesvd(
                _solver,
                'S',
                'S',
                n,
                m,
                Address(da),
                n,
                Address(ds),
                Address(du),
                n,
                Address(dv),
                m,
                Address(work),
                size,
                default,
                Address(info)
            ),
            "cusolverDnDgesvd"
        );
        if (Info(info, "cusolverDnDgesvd") != 0)
            return null;
        return new SvdResult(Download(dv, m, m), Download(ds, 1, m).Data, Download(du, m, n));
    }

    // m ≤ n, as Qr, but their V comes back untransposed.
    private SvdResult? Polar(Matrix a)
    {
        int m = a.Rows,
            n = a.Columns;
        using var da = Upload(a);
        using var ds = _pool.Rent((long)m * sizeof(double));
        using var du = _pool.Rent((long)m * n * sizeof(double));
        using var dv = _pool.Rent((long)m * m * sizeof(double));
        using var info = _pool.Rent(sizeof(int));
        const DataType real = DataType.CUDA_R_64F;
        SizeT onDevice = 0,
            onHost = 0;
        Check(
            Cusolver.cusolverDnXgesvdp_bufferSize(
                _solver,
                _parameters,
                EigenMode.Vector,
                1,
                n,
                m,
                real,
                Address(da),
                n,
                real,
                Address(ds),
                real,
                Address(du),
                n,
                real,
                Address(dv),
                m,
                real,
                ref onDevice,
                ref onHost
            ),
            "cusolverDnXgesvdp_bufferSize"
        );
        using var work = _pool.Rent((long)(ulong)onDevice);
        // Pinned: cuSOLVER may still read it when the call has returned.
        var hostWork = GC.AllocateUninitializedArray<byte>(checked((int)Math.Max(1, (ulong)onHost)), pinned: true);
        double error = 0;
        Check(
            Cusolver.cusolverDnXgesvdp(
                _solver,
                _parameters,
                EigenMode.Vector,
                1,
                n,
                m,
                real,
                Address(da),
                n,
                real,
                Address(ds),
                real,
                Address(du),
                n,
                real,
                Address(dv),
                m,
                real,
                Address(work),
                onDevice,
                hostWork,
                onHost,
                Address(info),
                ref error
            ),
            "cusolverDnXgesvdp"
        );
        _stream.Synchronize();
        GC.KeepAlive(hostWork);
        if (Info(info, "cusolverDnXgesvdp") != 0)
            return null;
        return new SvdResult(Download(dv, m, m).Transpose(), Download(ds, 1, m).Data, Download(du, m, n));
    }

    // m ≤ n. a aᵀ = E Λ Eᵀ, σ_i = ‖e_iᵀ a‖ and v_i = e_iᵀ a / σ_i: the norm keeps the digits that √λ would lose.
    private SvdResult GramEigen(Matrix a)
    {
        int m = a.Rows,
            n = a.Columns,
            size = 0;
        using var da = Upload(a);
        using var de = _pool.Rent((long)m * m * sizeof(double));
        using var dp = _pool.Rent((long)m * n * sizeof(double));
        using var dw = _pool.Rent((long)m * sizeof(double));
        using var info = _pool.Rent(sizeof(int));
        double one = 1,
            zero = 0;
        // Theirs is n × m, and the Gram matrix of its columns is ours of the rows.
        CudaLibraries.Check(
            Cublas.cublasDsyrk_v2(_blas, FillMode.Upper, Operation.Transpose, m, n, ref one, Address(da), n, ref zero, Address(de), m),
            "cublasDsyrk"
        );
        Check(
            Cusolver.cusolverDnDsyevd_bufferSize(_solver, EigenMode.Vector, FillMode.Upper, m, Address(de), m, Address(dw), ref size),
            "cusolverDnDsyevd_bufferSize"
        );
        using var work = _pool.Rent((long)size * sizeof(double));
        Check(
            Cusolver.cusolverDnDsyevd(
                _solver,
                EigenMode.Vector,
                FillMode.Upper,
                m,
                Address(de),
                m,
                Address(dw),
                Address(work),
                size,
                Address(info)
            ),
            "cusolverDnDsyevd"
        );
        if (Info(info, "cusolverDnDsyevd") != 0)
            throw new NumericalException($"The eigen-decomposition of a {m} × {m} matrix did not converge.");
        // Their eigenvectors are columns, our rows: p = E a, row by row e_iᵀ a.
        CudaLibraries.Check(
            Cublas.cublasDgemm_v2(
                _blas,
                Operation.NonTranspose,
                Operation.NonTranspose,
                n,
                m,
                m,
                ref one,
                Address(da),
                n,
                Address(de),
                m,
                ref zero,
                Address(dp),
                n
            ),
            "cublasDgemm"
        );
        return FromEigenvectors(Download(de, m, m), Download(dp, m, n));
    }

    // Rows of e are the vectors, rows of p = e a are σ_i v_iᵀ in some order.
    private static SvdResult FromEigenvectors(Matrix e, Matrix p)
    {
        int m = e.Rows;
        var norms = new double[m];
        for (int i = 0; i < m; i++)
            norms[i] = Math.Sqrt(SvdCheck.Dot(p.Row(i), p.Row(i)));
        int[] order = [.. Enumerable.Range(0, m).OrderByDescending(i => norms[i])];
        var (u, vt) = (new Matrix(m, m), p.SelectRows(order));
        for (int k = 0; k < m; k++)
        {
            for (int i = 0; i < m; i++)
                u[i, k] = e[order[k], i];
            // Of a singular value of 0 no vector is known; the check sends the matrix on.
            if (norms[order[k]] > 0)
                foreach (ref double value in vt.Row(k))
                    value /= norms[order[k]];
        }
        return new SvdResult(u, [.. order.Select(i => norms[i])], vt);
    }
}
