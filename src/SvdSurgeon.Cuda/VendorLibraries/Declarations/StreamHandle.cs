namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>cudaStream_t, the same as the driver's CUstream.</summary>
internal struct StreamHandle
{
    /// <summary>The driver's own address; 0 is the context's default stream.</summary>
    public nint Pointer;
}
