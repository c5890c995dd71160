namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>cublasSideMode_t: the side of the unknown on which the triangular matrix stands.</summary>
internal enum SideMode
{
    Left = 0,
    Right = 1,
}
