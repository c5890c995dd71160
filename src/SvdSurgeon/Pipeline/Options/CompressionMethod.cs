namespace SvdSurgeon.Pipeline.Options;

/// <summary>How a weight matrix is scaled before its singular value decomposition.</summary>
public enum CompressionMethod
{
    /// <summary>Plain truncated SVD.</summary>
    Svd,

    /// <summary>Columns scaled by the root of the mean absolute input (ASVD).</summary>
    Asvd,

    /// <summary>Rows scaled by the root of their Fisher information (FWSVD).</summary>
    Fwsvd,

    /// <summary>Truncation-aware whitening of the inputs (SVD-LLM).</summary>
    Whiten,

    /// <summary>
    /// Two-sided whitening, of inputs and output gradients: a dropped singular value then costs the same loss in every module.
    /// </summary>
    Kfac,

    /// <summary>The best combination, each step kept only if the loss on held-out calibration sequences improves.</summary>
    Auto,
}
