using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends;

/// <summary>One module of a batch.</summary>
/// <param name="Sigma">Singular values, descending, at least k.</param>
/// <param name="Fisher">Spectral Fisher H̄, k × k, symmetric; only its lower triangle is read.</param>
/// <param name="Kept">Ascending indices of the kept values, below k; not needed for saliencies.</param>
internal sealed record SurgeonModule(double[] Sigma, Matrix Fisher, int[] Kept);
