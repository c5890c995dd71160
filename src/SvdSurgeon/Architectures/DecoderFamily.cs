namespace SvdSurgeon.Architectures;

/// <summary>Which of the two layer shapes a model has.</summary>
public enum DecoderFamily
{
    /// <summary>Layer norm, learned positions, fc1/fc2.</summary>
    Opt,

    /// <summary>RMS norm, rotary positions, gated MLP: LLaMA, Mistral, Qwen2, Qwen3.</summary>
    Llama,
}
