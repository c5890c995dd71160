namespace SvdSurgeon.Pipeline.Artifacts;

/// <summary>The stages that leave artifacts: the first word of an artifact folder's name, and part of its key (docs/FORMAT.md).</summary>
internal static class StageNames
{
    /// <summary>Gram matrices of the inputs.</summary>
    public const string Gram = "gram";

    /// <summary>Gram matrices of the output gradients, or the rows' Fisher.</summary>
    public const string Gradients = "gradients";

    /// <summary>Singular values and vectors of every module.</summary>
    public const string Factor = "factor";

    /// <summary>Factors beside kept columns.</summary>
    public const string Columns = "columns";

    /// <summary>Spectral gradients, or the spectral Fisher of tokens.</summary>
    public const string Fisher = "fisher";

    /// <summary>KL divergence of candidate ranks.</summary>
    public const string Sensitivity = "sensitivity";

    /// <summary>Factors fitted in order to the compressed model's inputs.</summary>
    public const string Sequential = "sequential";

    /// <summary>Left factors fitted again (SVD-LLM's update).</summary>
    public const string Update = "update";

    /// <summary>The divergence's second-order model, which Newton steps use.</summary>
    public const string Divergence = "divergence";

    /// <summary>Factors after a Newton step.</summary>
    public const string Newton = "newton";

    /// <summary>Losses of a search's candidate on held-out sequences.</summary>
    public const string HeldOut = "held-out";

    /// <summary>What a search has chosen layer by layer.</summary>
    public const string Choice = "choice";

    /// <summary>Lengths of Newton steps that were tried.</summary>
    public const string NewtonSearch = "newton-search";

    /// <summary>Compressed modules in their stored form.</summary>
    public const string Modules = "modules";

    /// <summary>Gram matrices of the inputs, tokens weighted by their gradient.</summary>
    public const string Weighted = "weighted";

    /// <summary>What every module loses with every number of bits.</summary>
    public const string Bits = "bits";

    /// <summary>Modules rounded to integers.</summary>
    public const string Rounded = "rounded";

    /// <summary>The same after training.</summary>
    public const string Trained = "trained";
}
