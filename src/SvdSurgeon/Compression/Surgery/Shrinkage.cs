namespace SvdSurgeon.Compression.Surgery;

/// <summary>Estimators of the Fisher matrix from few samples.</summary>
internal enum Shrinkage
{
    /// <summary>The samples as they are.</summary>
    None,

    /// <summary>
    /// Ledoit &amp; Wolf (2004): (1 − λ)H̄ + λ·mean(diag H̄)·I with the λ that the samples' own spread asks for; where samples came as Gram
    /// matrices only, the oracle-approximating λ of Chen et al. (2010), which needs none.
    /// </summary>
    LedoitWolf,
}
