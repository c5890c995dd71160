namespace SvdSurgeon.Kernels;

/// <summary>Where the numbers of one module stand in the arrays of a batch.</summary>
public struct SurgeonSystem
{
    /// <summary>Pool size k: H̄ is k × k.</summary>
    public int Pool;

    /// <summary>Kept values r.</summary>
    public int Kept;

    /// <summary>First number of H̄ (row-major, lower triangle read) in the array of Fishers.</summary>
    public long Fisher;

    /// <summary>
    /// First number of this module's scratch: 2k² for <see cref="SurgeonKernels.Saliency"/>, r² + 2r for
    /// <see cref="SurgeonKernels.Compensate"/>.
    /// </summary>
    public long Scratch;

    /// <summary>First of the k numbers of σ, of the indices (kept, ascending, then dropped) and of the results.</summary>
    public int Values;
}
