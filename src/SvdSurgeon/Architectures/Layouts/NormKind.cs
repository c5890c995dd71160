namespace SvdSurgeon.Architectures.Layouts;

/// <summary>Which norm it is.</summary>
internal enum NormKind
{
    /// <summary>x / sqrt(mean(x²) + ε) ∘ w.</summary>
    Rms,

    /// <summary>x / sqrt(mean(x²) + ε) ∘ (1 + w).</summary>
    RmsPlusOne,

    /// <summary>(x − mean(x)) / sqrt(var(x) + ε) ∘ w + b.</summary>
    Layer,

    /// <summary>(x − mean(x)) / sqrt(var(x) + ε).</summary>
    LayerWithoutParameters,
}
