namespace SvdSurgeon.Compression.Surgery;

/// <summary>How the surgeon chooses the singular values to keep.</summary>
internal enum ComponentSelection
{
    /// <summary>The r largest.</summary>
    Magnitude,

    /// <summary>The r with the largest optimal-brain-surgeon saliency σ_i² / [(H̄ + ηdI)⁻¹]_ii.</summary>
    Saliency,
}
