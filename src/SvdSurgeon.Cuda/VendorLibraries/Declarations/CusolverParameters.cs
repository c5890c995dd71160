namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>cusolverDnParams_t: settings of the 64-bit calls.</summary>
internal struct CusolverParameters
{
    /// <summary>The library's own address.</summary>
    public nint Pointer;
}
