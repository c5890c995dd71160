using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Cuda.VendorLibraries;

/// <summary>The singular value decompositions of several matrices of one shape, in one call per step: the Jacobi method up to a side of 32,
/// the eigenvectors of their Gram matrices beyond. A result that does not hold is made again alone, by the methods that its size has
/// there.</summary>
internal sealed unsafe partial class CudaSolver
{
    /// <summary>Matrices that were decomposed in a batch and held, for tests.</summary>
    internal int HeldInBatches { get; private set; }

    public IReadOnlyList<SvdResult> Svd(IReadOnlyList<Matrix> matrices)
    {
        int m = Math.Min(matrices[0].Rows, matrices[0].Columns),
            n = Math.Max(matrices[0].Rows, matrices[0].Columns);
        bool together =
            matrices.Count > 1
            && m > 0
            && n <= LargestBatchedSide
            && matrices.All(a => a.Rows == matrices[0].Rows && a.Columns == matrices[0].Columns);
        if (!together)
            return [.. matrices.Select(Svd)];
        foreach (var a in matrices)
            RequireFinite(a);
        bool tall = matrices[0].Rows > matrices[0].Columns;
        Matrix[] wide = tall ? [.. matrices.Select(a => a.Transpose())] : [.. matrices];
        SvdResult?[] found;
        using (_gate.EnterScope())
        {
            _accelerator.Bind();
            found = n <= LargestJacobi ? Jacobi(wide) : GramEigens(wide, _batchedEigen!);
        }
        // What was tried in the batch is not tried again.
        var others = Methods(m, n, _limits)
            .Where(method => method != (n <= LargestJacobi ? SvdMethod.Jacobi : SvdMethod.GramEigen))
            .ToArray();
        var results = new SvdResult[wide.Length];
        for (int i = 0; i < results.Length; i++)
        {
            bool holds = found[i] is { } result && SvdCheck.Holds(wide[i], result);
            if (holds)
                HeldInBatches++;
            var (u, sigma, vt) = holds ? found[i]! : Svd(wide[i], others);
            results[i] = tall ? new SvdResult(vt.Transpose(), sigma, u.Transpose()) : new SvdResult(u, sigma, vt);
        }
        return results;
    }

    // All matrices m × n with m ≤ n: as GramEigen, each step once for all of them.
    private SvdResult?[] GramEigens(IReadOnlyList<Matrix> matrices, BatchedEigen eigen)
    {
        int m = matrices[0].Rows,
            n = matrices[0].Columns,
            count = matrices.Count;
        long size = (long)m * n,
            square = (long)m * m;
        using var da = Upload(matrices);
        using var de = _pool.Rent(count * square * sizeof(double));
        using var dp = _pool.Rent(count * size * sizeof(double));
        using var dw = _pool.Rent((long)count * m * sizeof(double));
        using var info = _pool.Rent((long)count * sizeof(int));
        double one = 1,
            zero = 0;
        // Theirs are n × m: aᵀ a of theirs is a aᵀ of ours.
        CudaLibraries.Check(
            Cublas.cublasDgemmStridedBatched(
                _blas,
                Operation.Transpose,
                Operation.NonTranspose,
                m,
                m,
                n,
                ref one,
                Address(da),
                n,
                size,
                Address(da),
                n,
                size,
                ref zero,
                Address(de),
                m,
                square,
                count
            ),
            "cublasDgemmStridedBatched"
        );
        Check(
            eigen.Size(_solver, _parameters, m, Address(de), Address(dw), count, out long onDevice, out long onHost),
            "cusolverDnXsyevBatched_bufferSize"
        );
        using var work = _pool.Rent(onDevice);
        // Pinned: cuSOLVER may still read it when the call has returned.
        byte[] hostWork = GC.AllocateUninitializedArray<byte>(checked((int)Math.Max(1, onHost)), pinned: true);
        Check(
            eigen.Run(_solver, _parameters, m, Address(de), Address(dw), Address(work), onDevice, hostWork, onHost, Address(info), count),
            "cusolverDnXsyevBatched"
        );
        CudaLibraries.Check(
            Cublas.cublasDgemmStridedBatched(
                _blas,
                Operation.NonTranspose,
                Operation.NonTranspose,
                n,
                m,
                m,
                ref one,
                Address(da),
                n,
                size,
                Address(de),
                m,
                square,
                ref zero,
                Address(dp),
                n,
                size,
                count
            ),
            "cublasDgemmStridedBatched"
        );
        int[] infos = Infos(info, count);
        Matrix e = Download(de, count * m, m),
            p = Download(dp, count * m, n);
        GC.KeepAlive(hostWork);
        var results = new SvdResult?[count];
        for (int i = 0; i < count; i++)
            if (infos[i] == 0)
                results[i] = FromEigenvectors(e.RowRange(i * m, m), p.RowRange(i * m, m));
        return results;
    }

    private int[] Infos(DeviceBlock info, int count)
    {
        var infos = new int[count];
        Transfer.Download(_stream, info.As<int>(count), infos.AsSpan());
        return infos;
    }

    private DeviceBlock Upload(IReadOnlyList<Matrix> matrices)
    {
        long size = matrices[0].Data.LongLength;
        var block = _pool.Rent(matrices.Count * size * sizeof(double));
        for (int i = 0; i < matrices.Count; i++)
            Transfer.Upload(_stream, matrices[i].Data, block.As<double>(matrices.Count * size).SubView(i * size, size));
        return block;
    }

    // All matrices m × n with m ≤ n ≤ 32: theirs are n × m, so that their U holds our V and their V our U, one vector per row of ours.
    private SvdResult?[] Jacobi(IReadOnlyList<Matrix> matrices)
    {
        int m = matrices[0].Rows,
            n = matrices[0].Columns,
            count = matrices.Count,
            size = 0;
        using var da = Upload(matrices);
        using var ds = _pool.Rent((long)count * m * sizeof(double));
        using var du = _pool.Rent((long)count * n * n * sizeof(double));
        using var dv = _pool.Rent((long)count * m * m * sizeof(double));
        using var info = _pool.Rent((long)count * sizeof(int));
        JacobiSettings settings = default;
        Check(Cusolver.cusolverDnCreateGesvdjInfo(ref settings), "cusolverDnCreateGesvdjInfo");
        try
        {
            Check(
                Cusolver.cusolverDnDgesvdjBatched_bufferSize(
                    _solver,
                    EigenMode.Vector,
                    n,
                    m,
                    Address(da),
                    n,
                    Address(ds),
                    Address(du),
                    n,
                    Address(dv),
                    m,
                    ref size,
                    settings,
                    count
                ),
                "cusolverDnDgesvdjBatched_bufferSize"
            );
            using var work = _pool.Rent((long)size * sizeof(double));
            Check(
                Cusolver.cusolverDnDgesvdjBatched(
                    _solver,
                    EigenMode.Vector,
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
                    Address(info),
                    settings,
                    count
                ),
                "cusolverDnDgesvdjBatched"
            );
        }
        finally
        {
            Cusolver.cusolverDnDestroyGesvdjInfo(settings);
        }
        int[] infos = Infos(info, count);
        Matrix s = Download(ds, count, m),
            u = Download(du, count * n, n),
            v = Download(dv, count * m, m);
        var results = new SvdResult?[count];
        for (int i = 0; i < count; i++)
            if (infos[i] == 0)
                results[i] = new SvdResult(v.RowRange(i * m, m).Transpose(), s.Row(i).ToArray(), u.RowRange(i * n, m));
        return results;
    }
}
