namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>cusolverEigMode_t: values alone, or vectors too.</summary>
internal enum EigenMode
{
    NoVector = 0,
    Vector = 1,
}
