namespace SvdSurgeon.Cuda.VendorLibraries.Loading;

/// <summary>A cuBLAS and the cuSOLVER of the same version of CUDA.</summary>
/// <param name="Generation">Which one.</param>
/// <param name="Blas">File of cuBLAS, or its bare name where the system's search knows it.</param>
/// <param name="Solver">File of cuSOLVER, likewise.</param>
internal sealed record LibraryPair(CudaGeneration Generation, string Blas, string Solver);
