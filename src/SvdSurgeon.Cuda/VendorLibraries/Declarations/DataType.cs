namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>cudaDataType_t, as library_types.h numbers it.</summary>
internal enum DataType
{
    CUDA_R_32F = 0,
    CUDA_R_64F = 1,
    CUDA_R_16F = 2,
    CUDA_R_16BF = 14,
}
