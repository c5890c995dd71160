using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.Architectures.Llama;
using SvdSurgeon.IO;

namespace SvdSurgeon.Architectures.Granite;

/// <summary>
/// Granite: LLaMA with four factors, of the embeddings, of attention's scores, of what each block adds, and of the logits.
/// </summary>
internal sealed class GraniteArchitecture : Architecture
{
    public override IReadOnlyList<string> ModelTypes => ["granite"];

    public override TensorNames Names => LlamaLayout.Names;

    public override GgufDialect Gguf { get; } =
        new("granite", "granite", "GraniteForCausalLM")
        {
            Modules = GgufDialect.LlamaModules,
            Numbers =
            [
                ("attention.scale", "attention_multiplier"),
                ("embedding_scale", "embedding_multiplier"),
                ("residual_scale", "residual_multiplier"),
                ("logit_scale", "logits_scaling"),
            ],
            PairsRotaryRows = true,
        };

    public override DecoderConfig ReadConfig(ConfigKeys keys, string modelType)
    {
        var (theta, scaling) = RopeKeys.Parse(keys);
        bool bias = keys.Flag("attention_bias", false);
        return LlamaKeys.Read(keys, modelType) with
        {
            AttentionBias = bias,
            AttentionOutputBias = bias,
            MlpBias = keys.Flag("mlp_bias", false),
            RopeTheta = theta,
            RopeScaling = scaling,
            EmbeddingScale = (float)keys.PositiveNumber("embedding_multiplier", 1),
            AttentionScale = (float)keys.PositiveNumber("attention_multiplier", 1),
            ResidualScale = (float)keys.PositiveNumber("residual_multiplier", 1),
            LogitScale = (float)(1 / keys.PositiveNumber("logits_scaling", 1)),
            BosTokenId = keys.TokenId("bos_token_id", 1),
            EosTokenIds = keys.TokenIds("eos_token_id", 2),
        };
    }

    public override ModelLayout Model(DecoderConfig config) => LlamaLayout.Model(config);

    public override LayerLayout Layer(DecoderConfig c, int index)
    {
        string name = LlamaLayout.LayerName(index);
        return new LayerLayout(
            new BranchLayout(LlamaLayout.Attention(c, index))
            {
                Before = LlamaLayout.Norm(c, name + "input_layernorm"),
                Scale = c.ResidualScale,
            },
            new BranchLayout(LlamaLayout.Mlp(c, index))
            {
                Before = LlamaLayout.Norm(c, name + "post_attention_layernorm"),
                Scale = c.ResidualScale,
            }
        );
    }
}
