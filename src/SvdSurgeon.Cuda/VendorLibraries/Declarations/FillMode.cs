namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>cublasFillMode_t: the triangle that is read and written.</summary>
internal enum FillMode
{
    Lower = 0,
    Upper = 1,
}
