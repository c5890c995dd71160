namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>An address in device memory.</summary>
internal readonly struct DevicePointer(ulong address)
{
    /// <summary>The address as the device counts.</summary>
    public readonly ulong Pointer = address;
}
