namespace SvdSurgeon.Pipeline.Options;

/// <summary>How the budget is distributed over the modules.</summary>
public enum AllocationRule
{
    /// <summary>The same kept fraction everywhere.</summary>
    Uniform,

    /// <summary>
    /// By the KL divergence that each module's candidate ratios cause, measured, and the best choice within the budget (Duo-SVD).
    /// </summary>
    Dp,

    /// <summary>By the same measurements and one threshold for all modules (Duo-SVD's greedy rule).</summary>
    Greedy,

    /// <summary>
    /// By the loss that the spectral Fisher predicts for each module's candidate ratios, and the best choice within the budget.
    /// </summary>
    Fisher,

    /// <summary>By the two-sided singular values of all modules together; needs the method kfac.</summary>
    Spectrum,
}
