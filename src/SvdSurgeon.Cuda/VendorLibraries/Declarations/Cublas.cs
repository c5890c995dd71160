using System.Runtime.InteropServices;

namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>
/// The functions of cuBLAS in use, under NVIDIA's names. Matrices are column-major; alpha and beta are read from the host (the default
/// pointer mode). Signatures: cublas_api.h, the same in CUDA 11.4 to 13.2 (docs/GPU.md).
/// </summary>
internal static partial class Cublas
{
    private const string Library = "cublas";

    [LibraryImport(Library)]
    public static partial CublasStatus cublasCreate_v2(ref CublasHandle handle);

    [LibraryImport(Library)]
    public static partial CublasStatus cublasDestroy_v2(CublasHandle handle);

    [LibraryImport(Library)]
    public static partial CublasStatus cublasSetStream_v2(CublasHandle handle, StreamHandle stream);

    [LibraryImport(Library)]
    public static partial CublasStatus cublasSetMathMode(CublasHandle handle, MathMode mode);

    /// <summary>C = α op(A) op(B) + β C; A, B and C of their own types, summed as <paramref name="computeType"/> says.</summary>
    [LibraryImport(Library)]
    public static partial CublasStatus cublasGemmEx(
        CublasHandle handle,
        Operation transposeA,
        Operation transposeB,
        int m,
        int n,
        int k,
        nint alpha,
        DevicePointer a,
        DataType typeA,
        int lda,
        DevicePointer b,
        DataType typeB,
        int ldb,
        nint beta,
        DevicePointer c,
        DataType typeC,
        int ldc,
        ComputeType computeType,
        GemmAlgorithm algorithm
    );

    /// <summary>C = α op(A) op(B) + β C.</summary>
    [LibraryImport(Library)]
    public static partial CublasStatus cublasDgemm_v2(
        CublasHandle handle,
        Operation transposeA,
        Operation transposeB,
        int m,
        int n,
        int k,
        ref double alpha,
        DevicePointer a,
        int lda,
        DevicePointer b,
        int ldb,
        ref double beta,
        DevicePointer c,
        int ldc
    );

    /// <summary>C[i] = α op(A[i]) op(B[i]) + β C[i]; strides in numbers.</summary>
    [LibraryImport(Library)]
    public static partial CublasStatus cublasDgemmStridedBatched(
        CublasHandle handle,
        Operation transposeA,
        Operation transposeB,
        int m,
        int n,
        int k,
        ref double alpha,
        DevicePointer a,
        int lda,
        long strideA,
        DevicePointer b,
        int ldb,
        long strideB,
        ref double beta,
        DevicePointer c,
        int ldc,
        long strideC,
        int batchCount
    );

    /// <summary>A triangle of C = α A Aᵀ + β C, or α Aᵀ A + β C when transposed.</summary>
    [LibraryImport(Library)]
    public static partial CublasStatus cublasSsyrk_v2(
        CublasHandle handle,
        FillMode triangle,
        Operation transpose,
        int n,
        int k,
        ref float alpha,
        DevicePointer a,
        int lda,
        ref float beta,
        DevicePointer c,
        int ldc
    );

    /// <summary>As <see cref="cublasSsyrk_v2"/>, float64.</summary>
    [LibraryImport(Library)]
    public static partial CublasStatus cublasDsyrk_v2(
        CublasHandle handle,
        FillMode triangle,
        Operation transpose,
        int n,
        int k,
        ref double alpha,
        DevicePointer a,
        int lda,
        ref double beta,
        DevicePointer c,
        int ldc
    );

    /// <summary>Solves op(A) X = α B (left) or X op(A) = α B (right) for X, which overwrites B (m × n).</summary>
    [LibraryImport(Library)]
    public static partial CublasStatus cublasDtrsm_v2(
        CublasHandle handle,
        SideMode side,
        FillMode triangle,
        Operation transpose,
        DiagonalType diagonal,
        int m,
        int n,
        ref double alpha,
        DevicePointer a,
        int lda,
        DevicePointer b,
        int ldb
    );
}
