using System.Runtime.InteropServices;

namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>
/// The functions of cuSOLVER in use, under NVIDIA's names. Matrices are column-major; devInfo stands in device memory. Signatures:
/// cusolverDn.h, the same in CUDA 11.4 to 13.2 (docs/GPU.md).
/// </summary>
internal static partial class Cusolver
{
    private const string Library = "cusolver";

    [LibraryImport(Library)]
    public static partial CusolverStatus cusolverDnCreate(ref CusolverHandle handle);

    [LibraryImport(Library)]
    public static partial CusolverStatus cusolverDnDestroy(CusolverHandle handle);

    [LibraryImport(Library)]
    public static partial CusolverStatus cusolverDnSetStream(CusolverHandle handle, StreamHandle stream);

    [LibraryImport(Library)]
    public static partial CusolverStatus cusolverDnCreateParams(ref CusolverParameters parameters);

    [LibraryImport(Library)]
    public static partial CusolverStatus cusolverDnDestroyParams(CusolverParameters parameters);

    [LibraryImport(Library)]
    public static partial CusolverStatus cusolverDnCreateGesvdjInfo(ref JacobiSettings settings);

    [LibraryImport(Library)]
    public static partial CusolverStatus cusolverDnDestroyGesvdjInfo(JacobiSettings settings);

    [LibraryImport(Library)]
    public static partial CusolverStatus cusolverDnDpotrf_bufferSize(
        CusolverHandle handle,
        FillMode triangle,
        int n,
        DevicePointer a,
        int lda,
        ref int size
    );

    /// <summary>Cholesky factor over the triangle of A that is named.</summary>
    [LibraryImport(Library)]
    public static partial CusolverStatus cusolverDnDpotrf(
        CusolverHandle handle,
        FillMode triangle,
        int n,
        DevicePointer a,
        int lda,
        DevicePointer work,
        int size,
        DevicePointer info
    );

    [LibraryImport(Library)]
    public static partial CusolverStatus cusolverDnDsyevd_bufferSize(
        CusolverHandle handle,
        EigenMode mode,
        FillMode triangle,
        int n,
        DevicePointer a,
        int lda,
        DevicePointer values,
        ref int size
    );

    /// <summary>Ascending eigenvalues; eigenvectors in the columns of A.</summary>
    [LibraryImport(Library)]
    public static partial CusolverStatus cusolverDnDsyevd(
        CusolverHandle handle,
        EigenMode mode,
        FillMode triangle,
        int n,
        DevicePointer a,
        int lda,
        DevicePointer values,
        DevicePointer work,
        int size,
        DevicePointer info
    );

    [LibraryImport(Library)]
    public static partial CusolverStatus cusolverDnDgesvd_bufferSize(CusolverHandle handle, int m, int n, ref int size);

    /// <summary>Singular value decomposition by QR, m ≥ n only; V comes back transposed. rwork is for complex numbers.</summary>
    public static CusolverStatus cusolverDnDgesvd(
        CusolverHandle handle,
        char jobU,
        char jobVt,
        int m,
        int n,
        DevicePointer a,
        int lda,
        DevicePointer sigma,
        DevicePointer u,
        int ldu,
        DevicePointer vt,
        int ldvt,
        DevicePointer work,
        int size,
        DevicePointer rwork,
        DevicePointer info
    ) => Dgesvd(handle, (sbyte)jobU, (sbyte)jobVt, m, n, a, lda, sigma, u, ldu, vt, ldvt, work, size, rwork, info);

    [LibraryImport(Library, EntryPoint = "cusolverDnDgesvd")]
    private static partial CusolverStatus Dgesvd(
        CusolverHandle handle,
        sbyte jobU,
        sbyte jobVt,
        int m,
        int n,
        DevicePointer a,
        int lda,
        DevicePointer sigma,
        DevicePointer u,
        int ldu,
        DevicePointer vt,
        int ldvt,
        DevicePointer work,
        int size,
        DevicePointer rwork,
        DevicePointer info
    );

    [LibraryImport(Library)]
    public static partial CusolverStatus cusolverDnDgesvdjBatched_bufferSize(
        CusolverHandle handle,
        EigenMode mode,
        int m,
        int n,
        DevicePointer a,
        int lda,
        DevicePointer sigma,
        DevicePointer u,
        int ldu,
        DevicePointer v,
        int ldv,
        ref int size,
        JacobiSettings settings,
        int batchSize
    );

    /// <summary>Jacobi method for many matrices with sides up to 32: full U, V not transposed, one devInfo per matrix.</summary>
    [LibraryImport(Library)]
    public static partial CusolverStatus cusolverDnDgesvdjBatched(
        CusolverHandle handle,
        EigenMode mode,
        int m,
        int n,
        DevicePointer a,
        int lda,
        DevicePointer sigma,
        DevicePointer u,
        int ldu,
        DevicePointer v,
        int ldv,
        DevicePointer work,
        int size,
        DevicePointer info,
        JacobiSettings settings,
        int batchSize
    );

    [LibraryImport(Library)]
    public static partial CusolverStatus cusolverDnXgesvdp_bufferSize(
        CusolverHandle handle,
        CusolverParameters parameters,
        EigenMode mode,
        int economy,
        long m,
        long n,
        DataType typeA,
        DevicePointer a,
        long lda,
        DataType typeSigma,
        DevicePointer sigma,
        DataType typeU,
        DevicePointer u,
        long ldu,
        DataType typeV,
        DevicePointer v,
        long ldv,
        DataType computeType,
        ref nuint bytesOnDevice,
        ref nuint bytesOnHost
    );

    /// <summary>Singular value decomposition by the polar decomposition; V not transposed.</summary>
    [LibraryImport(Library)]
    public static partial CusolverStatus cusolverDnXgesvdp(
        CusolverHandle handle,
        CusolverParameters parameters,
        EigenMode mode,
        int economy,
        long m,
        long n,
        DataType typeA,
        DevicePointer a,
        long lda,
        DataType typeSigma,
        DevicePointer sigma,
        DataType typeU,
        DevicePointer u,
        long ldu,
        DataType typeV,
        DevicePointer v,
        long ldv,
        DataType computeType,
        DevicePointer onDevice,
        nuint bytesOnDevice,
        byte[] onHost,
        nuint bytesOnHost,
        DevicePointer info,
        ref double error
    );
}
