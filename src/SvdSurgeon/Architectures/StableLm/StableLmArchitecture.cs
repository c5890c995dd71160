using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.Architectures.Llama;
using SvdSurgeon.IO;

namespace SvdSurgeon.Architectures.StableLm;

/// <summary>
/// StableLM: LLaMA with layer norms and rotary positions on a part of each head. Its variants with parallel blocks or norms of q and k are
/// refused.
/// </summary>
internal sealed class StableLmArchitecture : Architecture
{
    public override IReadOnlyList<string> ModelTypes => ["stablelm"];

    public override TensorNames Names => LlamaLayout.Names;

    public override GgufDialect Gguf { get; } =
        new("stablelm", "stablelm", "StableLmForCausalLM")
        {
            Modules = GgufDialect.LlamaModules,
            Numbers = [("attention.layer_norm_epsilon", "layer_norm_eps")],
            BiasKey = "use_qkv_bias",
        };

    public override DecoderConfig ReadConfig(ConfigKeys keys, string modelType)
    {
        foreach (string variant in (string[])["use_parallel_residual", "qk_layernorm"])
            if (keys.Flag(variant, false))
                throw keys.Refuse(variant, "true", "false", "StableLM with");
        var (theta, scaling) = RopeKeys.Parse(keys, partial: true);
        var sizes = LlamaKeys.Read(keys, modelType);
        return sizes with
        {
            NormEpsilon = (float)keys.PositiveNumber("layer_norm_eps", 1e-5),
            AttentionBias = keys.Flag("use_qkv_bias", false),
            RopeTheta = theta,
            RopeScaling = scaling,
            RotaryDim = RopeKeys.RotaryDim(keys, sizes.HeadDim, 0.25),
            BosTokenId = keys.TokenId("bos_token_id", 0),
            EosTokenIds = keys.TokenIds("eos_token_id", 0),
        };
    }

    public override ModelLayout Model(DecoderConfig config) =>
        LlamaLayout.Model(config) with
        {
            FinalNorm = LlamaLayout.Norm(config, "model.norm", NormKind.Layer),
        };

    public override LayerLayout Layer(DecoderConfig c, int index)
    {
        string name = LlamaLayout.LayerName(index);
        NormLayout Norm(string part) => LlamaLayout.Norm(c, name + part, NormKind.Layer);
        return new LayerLayout(
            new BranchLayout(LlamaLayout.Attention(c, index)) { Before = Norm("input_layernorm") },
            new BranchLayout(LlamaLayout.Mlp(c, index)) { Before = Norm("post_attention_layernorm") }
        );
    }
}
