using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.IO;

namespace SvdSurgeon.Architectures.Llama;

/// <summary>
/// LLaMA, Mistral, Qwen2, Qwen3: x₁ = x + o(attention(rope(q, k), v)) of RMS norm x, then x₁ + down(silu(gate) ∘ up) of RMS norm x₁.
/// Qwen3 passes q and k of each head through an RMS norm before the rotation.
/// </summary>
internal sealed class LlamaArchitecture : Architecture
{
    public override IReadOnlyList<string> ModelTypes => ["llama", "mistral", "qwen2", "qwen3"];

    public override TensorNames Names => LlamaLayout.Names;

    public override DecoderConfig ReadConfig(ConfigKeys keys, string modelType)
    {
        var (theta, scaling) = RopeKeys.Parse(keys);
        // Qwen3's own default is 128 whatever the hidden size; the others divide it among the heads.
        var shape = LlamaKeys.Read(keys, modelType, defaultHeadDim: modelType == "qwen3" ? 128 : 0);
        bool allBiases = modelType is "llama" or "qwen3" && keys.Flag("attention_bias", false);
        if (modelType is "mistral" or "qwen2")
            keys.Fixed("attention_bias", modelType == "qwen2", modelType);
        if (modelType != "llama")
            keys.Fixed("mlp_bias", false, modelType);
        bool qwen = modelType is "qwen2" or "qwen3";
        return shape with
        {
            AttentionBias = allBiases || modelType == "qwen2",
            AttentionOutputBias = allBiases,
            MlpBias = modelType == "llama" && keys.Flag("mlp_bias", false),
            QueryKeyNorm = modelType == "qwen3",
            RopeTheta = theta,
            RopeScaling = scaling,
            Windows = SlidingWindows.Parse(keys, modelType, shape.Layers),
            BosTokenId = keys.TokenId("bos_token_id", qwen ? -1 : 1),
            EosTokenIds = keys.TokenIds("eos_token_id", qwen ? -1 : 2),
        };
    }

    public override ModelLayout Model(DecoderConfig config) => LlamaLayout.Model(config);

    public override LayerLayout Layer(DecoderConfig config, int index)
    {
        string name = LlamaLayout.LayerName(index);
        return new LayerLayout(
            new BranchLayout(LlamaLayout.Attention(config, index)) { Before = LlamaLayout.Norm(config, name + "input_layernorm") },
            new BranchLayout(LlamaLayout.Mlp(config, index)) { Before = LlamaLayout.Norm(config, name + "post_attention_layernorm") }
        );
    }
}
