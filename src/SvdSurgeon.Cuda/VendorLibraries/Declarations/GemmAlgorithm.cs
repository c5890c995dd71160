namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>cublasGemmAlgo_t.</summary>
internal enum GemmAlgorithm
{
    Default = -1,
}
