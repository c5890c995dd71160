namespace SvdSurgeon.Cuda.VendorLibraries.Loading;

/// <summary>The files of one major version of CUDA.</summary>
/// <param name="Major">11, 12 or 13.</param>
/// <param name="Blas">cuBLAS.</param>
/// <param name="Solver">cuSOLVER, which counts on its own: 11 belongs to CUDA 11 and 12, 12 to CUDA 13.</param>
/// <param name="Needed">What these two load by name, in the order in which it has to be there.</param>
internal sealed record CudaGeneration(int Major, string Blas, string Solver, IReadOnlyList<string> Needed)
{
    /// <summary>All that the program can use.</summary>
    public static IReadOnlyList<CudaGeneration> NewestFirst { get; } =
        OperatingSystem.IsWindows()
            ?
            [
                new(13, "cublas64_13.dll", "cusolver64_12.dll", ["nvJitLink_130_0.dll", "cublasLt64_13.dll", "cusparse64_12.dll"]),
                new(12, "cublas64_12.dll", "cusolver64_11.dll", ["nvJitLink_120_0.dll", "cublasLt64_12.dll", "cusparse64_12.dll"]),
                new(11, "cublas64_11.dll", "cusolver64_11.dll", ["cublasLt64_11.dll", "cusparse64_11.dll"]),
            ]
            :
            [
                new(13, "libcublas.so.13", "libcusolver.so.12", ["libnvJitLink.so.13", "libcublasLt.so.13", "libcusparse.so.12"]),
                new(12, "libcublas.so.12", "libcusolver.so.11", ["libnvJitLink.so.12", "libcublasLt.so.12", "libcusparse.so.12"]),
                new(11, "libcublas.so.11", "libcusolver.so.11", ["libcublasLt.so.11", "libcusparse.so.11"]),
            ];
}
