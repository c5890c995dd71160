namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>cusolverDnHandle_t: belongs to one context and to one thread at a time.</summary>
internal struct CusolverHandle
{
    /// <summary>The library's own address.</summary>
    public nint Pointer;
}
