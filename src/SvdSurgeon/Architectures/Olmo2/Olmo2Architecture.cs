using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.Architectures.Llama;
using SvdSurgeon.IO;

namespace SvdSurgeon.Architectures.Olmo2;

/// <summary>
/// OLMo 2: LLaMA's blocks with the norms behind them, x₁ = x + norm(attention(x)), then x₁ + norm(mlp(x₁)); q and k pass an RMS norm over
/// all heads together.
/// </summary>
internal sealed class Olmo2Architecture : Architecture
{
    public override IReadOnlyList<string> ModelTypes => ["olmo2"];

    public override TensorNames Names => LlamaLayout.Names;

    public override GgufDialect Gguf { get; } =
        new("olmo2", "olmo2", "Olmo2ForCausalLM")
        {
            Modules = GgufDialect.LlamaModulesWith(
                ("attn_q_norm", "self_attn.q_norm"),
                ("attn_k_norm", "self_attn.k_norm"),
                ("post_attention_norm", "post_attention_layernorm"),
                ("post_ffw_norm", "post_feedforward_layernorm")
            ),
        };

    public override DecoderConfig ReadConfig(ConfigKeys keys, string modelType)
    {
        var (theta, scaling) = RopeKeys.Parse(keys);
        bool bias = keys.Flag("attention_bias", false);
        return LlamaKeys.Read(keys, modelType, epsilon: 1e-5) with
        {
            AttentionBias = bias,
            AttentionOutputBias = bias,
            RopeTheta = theta,
            RopeScaling = scaling,
            BosTokenId = keys.TokenId("bos_token_id", -1),
            EosTokenIds = keys.TokenIds("eos_token_id", 50279),
        };
    }

    public override ModelLayout Model(DecoderConfig config) => LlamaLayout.Model(config);

    public override LayerLayout Layer(DecoderConfig c, int index)
    {
        string name = LlamaLayout.LayerName(index);
        var attention = LlamaLayout.Attention(c, index) with
        {
            QueryNorm = new(name + "self_attn.q_norm", c.Heads * c.HeadDim, c.NormEpsilon, NormKind.Rms),
            KeyNorm = new(name + "self_attn.k_norm", c.KeyValueHeads * c.HeadDim, c.NormEpsilon, NormKind.Rms),
        };
        return new LayerLayout(
            new BranchLayout(attention) { After = LlamaLayout.Norm(c, name + "post_attention_layernorm") },
            new BranchLayout(LlamaLayout.Mlp(c, index)) { After = LlamaLayout.Norm(c, name + "post_feedforward_layernorm") }
        );
    }
}
