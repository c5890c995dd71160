namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>gesvdjInfo_t: settings and results of the Jacobi method.</summary>
internal struct JacobiSettings
{
    /// <summary>The library's own address.</summary>
    public nint Pointer;
}
