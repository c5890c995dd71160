namespace SvdSurgeon.Pipeline.Bits;

/// <summary>How numbers are rounded to their grid.</summary>
internal enum RoundingMethod
{
    /// <summary>
    /// With error feedback (GPTQ) in the metric of half the Gram matrix whose tokens are weighted by their gradient, half the plain one
    /// (METHODS.md, section 10, (5)).
    /// </summary>
    Feedback,

    /// <summary>With error feedback in the plain Gram matrix, as GPTQ publishes it: a control.</summary>
    Gptq,

    /// <summary>
    /// To the nearest, scales by a search weighted with the inputs' energy, as llama-quantize with an importance matrix: a control.
    /// </summary>
    Nearest,
}
