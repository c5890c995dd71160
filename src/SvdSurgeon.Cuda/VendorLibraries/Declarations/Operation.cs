namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>cublasOperation_t.</summary>
internal enum Operation
{
    NonTranspose = 0,
    Transpose = 1,
}
