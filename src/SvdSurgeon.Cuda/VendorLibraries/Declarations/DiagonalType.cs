namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>cublasDiagType_t: whether the diagonal is read or is all ones.</summary>
internal enum DiagonalType
{
    NonUnit = 0,
    Unit = 1,
}
