using SvdSurgeon.Compression.Surgery;

namespace SvdSurgeon.Compression.Ranks;

/// <summary>What every rank of one module costs in loss, in a unit that all modules share.</summary>
/// <param name="Rows">m.</param>
/// <param name="Columns">n.</param>
/// <param name="Losses">Entry r, r = 0 … min(m, n), is the loss at rank r; not rising. Entry 0 is not used.</param>
internal sealed record RankLosses(int Rows, int Columns, double[] Losses)
{
    /// <summary>½Σ_{i>r} σ_i² of two-sided singular values.</summary>
    public static RankLosses FromSpectrum(int rows, int columns, ReadOnlySpan<double> sigma)
    {
        var losses = new double[sigma.Length + 1];
        for (int r = sigma.Length - 1; r >= 0; r--)
            losses[r] = losses[r + 1] + 0.5 * sigma[r] * sigma[r];
        return new RankLosses(rows, columns, losses);
    }

    /// <summary>
    /// Predicted by the spectral Fisher: for r below the pool the compensated loss of <see cref="Surgeon.PredictedLosses"/>, and for
    /// components beyond it, whose Fisher was not collected, ½h̄σ_i² with h̄ the mean of the last quarter of the collected diagonal.
    /// </summary>
    public static RankLosses FromFisher(
        LinearAlgebra.ILinearAlgebra la,
        int rows,
        int columns,
        ReadOnlySpan<double> sigma,
        FisherPool fisher,
        double damping
    )
    {
        var within = Surgeon.PredictedLosses(la, sigma, fisher, damping);
        int k = fisher.Size,
            quarter = Math.Max(1, k / 4);
        double mean = 0;
        for (int i = k - quarter; i < k; i++)
            mean += fisher.Diagonal[i] / quarter;
        var losses = new double[sigma.Length + 1];
        for (int r = sigma.Length - 1; r >= 0; r--)
            losses[r] = losses[r + 1] + (r >= k ? 0.5 * mean * sigma[r] * sigma[r] : 0);
        for (int r = 0; r < k; r++)
            losses[r] += within[r];
        return new RankLosses(rows, columns, losses);
    }
}
