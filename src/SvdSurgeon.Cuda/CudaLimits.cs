namespace SvdSurgeon.Cuda;

/// <summary>
/// Where one way of computing gives way to another. All are estimates from the ways' costs: none has been measured on a GPU yet
/// (svdsurgeon-gpu decompositions times each way at each size). They change times, and results by rounding only.
/// </summary>
public sealed record CudaLimits
{
    /// <summary>
    /// Longer side up to which a matrix is decomposed by QR: its bidiagonalization is bound by memory and by the number of launches, and
    /// grows faster than the products that the other methods are made of.
    /// </summary>
    public int LargestQr { get; init; } = 512;

    /// <summary>
    /// From this ratio of the sides the Gram matrix of the shorter side is tried first: its two products then cost less than iterations on
    /// the whole matrix.
    /// </summary>
    public double ElongatedRatio { get; init; } = 1.5;

    /// <summary>
    /// Longer side up to which matrices of one shape share the calls for their Gram matrices, their eigenvectors (cusolverDnXsyevBatched,
    /// CUDA 12.6 and later) and their products: up to here one matrix alone leaves most of the device idle.
    /// </summary>
    public int LargestBatchedEigen { get; init; } = 1024;

    /// <summary>
    /// Largest spectral Fisher that a group of threads solves, all modules of a layer in one launch; larger ones go to cuSOLVER one by one.
    /// </summary>
    public int LargestSurgeonPool { get; init; } = 384;

    /// <summary>Widest input whose Gram matrix is summed by one kernel; beyond it by cuBLAS, a scratch matrix and an addition.</summary>
    public int WidestNarrowGram { get; init; } = 256;
}
