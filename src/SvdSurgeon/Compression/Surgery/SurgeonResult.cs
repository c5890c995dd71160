namespace SvdSurgeon.Compression.Surgery;

/// <summary>What the surgeon did to one module.</summary>
/// <param name="Kept">S: ascending indices of the kept components, length r.</param>
/// <param name="Sigma">Their corrected singular values, each at or above 0.</param>
/// <param name="LossWithout">½δᵀH̄δ when the kept values stay as they are.</param>
/// <param name="LossWith">½δᵀH̄δ after the correction. Both in units of H̄ (a sum over N samples) and only over the pool of k.</param>
/// <param name="Saliencies">Of the k components of the pool; null where nothing was selected.</param>
internal sealed record SurgeonResult(int[] Kept, double[] Sigma, double LossWithout, double LossWith, double[]? Saliencies = null);
