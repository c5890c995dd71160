namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>cublasHandle_t: belongs to one context and to one thread at a time.</summary>
internal struct CublasHandle
{
    /// <summary>The library's own address.</summary>
    public nint Pointer;
}
