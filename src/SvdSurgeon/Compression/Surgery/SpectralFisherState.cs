using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Surgery;

/// <summary>The stored form of a <see cref="SpectralFisher"/>.</summary>
/// <param name="Size">k.</param>
/// <param name="Samples">N.</param>
/// <param name="Gram">Folded part of H̄, k × k, or null while N &lt; k.</param>
/// <param name="Gradients">Samples not yet folded, fewer than k rows of k.</param>
/// <param name="GradientSum">Σ_b ḡ_b, length k.</param>
/// <param name="Norm4">Σ_b (Σ_{j≤i} ḡ_bj²)² for each i: what Ledoit–Wolf needs for every smaller pool; null when samples came as Gram
/// matrices.</param>
internal sealed record SpectralFisherState(int Size, long Samples, Matrix? Gram, Matrix Gradients, double[] GradientSum, double[]? Norm4);
