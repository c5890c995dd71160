using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Cuda.VendorLibraries;

/// <summary>
/// What the backend leaves to the vendor: dense products and decompositions. cuBLAS and cuSOLVER on a GPU; managed code where kernels run
/// on ILGPU's CPU accelerator, whose device memory is host memory.
/// </summary>
internal interface IVendorLibraries : IDisposable
{
    /// <summary>What the user is shown, such as "cuBLAS 12.8.4".</summary>
    string Description { get; }

    /// <summary>Float64 decompositions on host matrices.</summary>
    ILinearAlgebra LinearAlgebra { get; }

    /// <summary>A product, in order with the kernels of the backend's stream.</summary>
    void Multiply(in Product product);

    /// <summary>The lower triangle of c = xᵀx; x: rows × n, c: n × n, float32, row-major. The upper triangle is undefined.</summary>
    void SymmetricProduct(nint x, int rows, int n, nint c, bool tensorCores);
}
