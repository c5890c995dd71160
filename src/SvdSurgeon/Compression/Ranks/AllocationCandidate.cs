namespace SvdSurgeon.Compression.Ranks;

/// <summary>One way to compress one module.</summary>
/// <param name="KeepRatio">ρ of the module; 1 for dense.</param>
/// <param name="Rank">r, or 0 for dense.</param>
/// <param name="Parameters">Stored numbers.</param>
/// <param name="Loss">What it costs: measured KL minus the base state's, or predicted.</param>
internal sealed record AllocationCandidate(double KeepRatio, int Rank, long Parameters, double Loss);
