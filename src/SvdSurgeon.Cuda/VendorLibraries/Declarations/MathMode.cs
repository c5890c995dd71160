namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>cublasMath_t.</summary>
internal enum MathMode
{
    DefaultMath = 0,
    TF32TensorOpMath = 3,
}
