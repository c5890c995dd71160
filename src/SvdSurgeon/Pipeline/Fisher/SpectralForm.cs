namespace SvdSurgeon.Pipeline.Fisher;

/// <summary>How a spectral gradient is computed. Runs take the cheaper form; the others are there to be measured and tested.</summary>
internal enum SpectralForm
{
    /// <summary>The form with fewer operations, module by module.</summary>
    Cheaper,

    /// <summary>P = D·U, Q = X·V, Σ_t P∘Q.</summary>
    Projection,

    /// <summary>G = DᵀX, G·V, column sums with U.</summary>
    Gradient,
}
