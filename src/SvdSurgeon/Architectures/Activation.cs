namespace SvdSurgeon.Architectures;

/// <summary>Activation of the MLP.</summary>
internal enum Activation
{
    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x Φ(x), erf form.</summary>
    Gelu,

    /// <summary>x · ½ (1 + tanh(√(2/π) (x + 0.044715 x³))), the tanh form of GELU.</summary>
    GeluTanh,

    /// <summary>SwiGLU: silu(gate) ∘ up.</summary>
    SwiGlu,
}
