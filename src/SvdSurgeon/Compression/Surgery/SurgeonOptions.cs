namespace SvdSurgeon.Compression.Surgery;

/// <summary>Parameters of SVD-Surgeon; the defaults are those of the authors' program.</summary>
internal sealed record SurgeonOptions
{
    /// <summary>Which components stay.</summary>
    public ComponentSelection Selection { get; init; } = ComponentSelection.Magnitude;

    /// <summary>c: how much of the correction is applied.</summary>
    public double Scale { get; init; } = 1.0;

    /// <summary>ε: damping of H̄_SS, relative to its mean diagonal.</summary>
    public double Damping { get; init; } = 1e-5;

    /// <summary>η: damping of the selection, relative to the mean diagonal of H̄.</summary>
    public double SelectionDamping { get; init; } = 0.1;

    /// <summary>α: the fraction of the components beyond the rank that takes part, k = r + ⌊α(R − r)⌋.</summary>
    public double PoolFraction { get; init; } = 0.1;

    /// <summary>Pulls a Fisher of few samples towards a multiple of the identity.</summary>
    public Shrinkage Shrinkage { get; init; } = Shrinkage.None;

    /// <summary>
    /// w: weight of the first-order term, δ = argmin ½δᵀH̄δ + w·(Σ_b ḡ_b)ᵀδ; 0 leaves it out. 1 takes H̄/N for the Hessian of the mean
    /// loss. If the T tokens of a sequence are independent samples, that Hessian is T times larger, and 1/T is the weight.
    /// </summary>
    public double FirstOrderWeight { get; init; }
}
