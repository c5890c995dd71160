using SvdSurgeon.Architectures.Llama;
using SvdSurgeon.IO;

namespace SvdSurgeon.Architectures.Gemma;

/// <summary>The keys that Gemma 2 and Gemma 3 have in common.</summary>
internal static class GemmaKeys
{
    /// <summary>Everything but rotary positions, windows and caps.</summary>
    public static DecoderConfig Read(ConfigKeys keys, string modelType)
    {
        string activation = keys.Text("hidden_activation", "gelu_pytorch_tanh");
        if (keys.Text("hidden_act", activation) is var other && other != activation)
            keys.Warn($"{keys.File}: 'hidden_act' is '{other}' and has no effect: 'hidden_activation' counts, {activation}.");
        if (activation != "gelu_pytorch_tanh")
            throw keys.Refuse("hidden_activation", activation, "gelu_pytorch_tanh", "Activation");
        if (keys.Flag("use_bidirectional_attention", false))
            throw keys.Refuse("use_bidirectional_attention", "true", "false", "Attention in both directions");
        bool bias = keys.Flag("attention_bias", false);
        var sizes = LlamaKeys.Sizes(keys, modelType, defaultHeadDim: 256, tied: true);
        return sizes with
        {
            NormEpsilon = (float)keys.PositiveNumber("rms_norm_eps", 1e-6),
            Activation = Activation.GeluTanh,
            AttentionBias = bias,
            AttentionOutputBias = bias,
            EmbeddingScale = (float)Math.Sqrt(sizes.HiddenSize),
            AttentionScale = (float)(1 / Math.Sqrt(keys.PositiveNumber("query_pre_attn_scalar", 256))),
            BosTokenId = keys.TokenId("bos_token_id", 2),
            EosTokenIds = keys.TokenIds("eos_token_id", 1),
        };
    }

    /// <summary>A cap: null in the file means that there is none.</summary>
    public static float Cap(ConfigKeys keys, string key, double otherwise) =>
        keys.IsNull(key) ? 0 : (float)keys.PositiveNumber(key, keys.Has(key) ? 1 : otherwise);
}
