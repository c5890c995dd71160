namespace SvdSurgeon.Compression.Surgery;

/// <summary>One module to operate on.</summary>
/// <param name="Sigma">All R singular values, descending.</param>
/// <param name="Rank">r.</param>
/// <param name="Fisher">Reads the spectral Fisher of at least k = r + ⌊α(R − r)⌋ components; called once, when the module's turn comes; for
/// several modules at the same time.</param>
internal sealed record SurgeonTask(double[] Sigma, int Rank, Func<SpectralFisher> Fisher);
