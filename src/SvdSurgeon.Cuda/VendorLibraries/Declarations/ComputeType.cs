namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>cublasComputeType_t.</summary>
internal enum ComputeType
{
    Compute32F = 68,
    Compute32FFastTF32 = 77,
}
