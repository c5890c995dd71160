namespace SvdSurgeon.Architectures;

/// <summary>Activation of OPT's MLP.</summary>
public enum Activation
{
    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x Φ(x), erf form.</summary>
    Gelu,

    /// <summary>SwiGLU: silu(gate) ∘ up.</summary>
    SwiGlu,
}
