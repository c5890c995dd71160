using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.Architectures.Llama;
using SvdSurgeon.IO;

namespace SvdSurgeon.Architectures.Phi3;

/// <summary>
/// Phi-3: LLaMA with q, k and v in one module and gate and up in another, a sliding window in every layer, and rotary positions on a part
/// of each head. Its longrope scaling is refused.
/// </summary>
internal sealed class Phi3Architecture : Architecture
{
    public override IReadOnlyList<string> ModelTypes => ["phi3"];

    public override TensorNames Names => LlamaLayout.Names;

    public override GgufDialect Gguf { get; } =
        new("phi3", "phi3", "Phi3ForCausalLM")
        {
            Modules = GgufDialect.LlamaModulesWith(("attn_qkv", "self_attn.qkv_proj"), ("ffn_up", "mlp.gate_up_proj")),
            Numbers = [("attention.sliding_window", "sliding_window")],
            BiasKey = "",
        };

    public override DecoderConfig ReadConfig(ConfigKeys keys, string modelType)
    {
        var (theta, scaling) = RopeKeys.Parse(keys, partial: true);
        keys.Ignore("original_max_position_embeddings"); // longrope's alone, which is refused
        var sizes = LlamaKeys.Read(keys, modelType, epsilon: 1e-5);
        int window = keys.NotNegative("sliding_window", 0);
        return sizes with
        {
            RopeTheta = theta,
            RopeScaling = scaling,
            RotaryDim = RopeKeys.RotaryDim(keys, sizes.HeadDim, 1),
            Windows = window > 0 ? [.. Enumerable.Repeat(window, sizes.Layers)] : [],
            BosTokenId = keys.TokenId("bos_token_id", 1),
            EosTokenIds = keys.TokenIds("eos_token_id", 32000),
        };
    }

    public override ModelLayout Model(DecoderConfig config) => LlamaLayout.Model(config);

    public override LayerLayout Layer(DecoderConfig c, int index)
    {
        string name = LlamaLayout.LayerName(index);
        int queries = c.Heads * c.HeadDim,
            keys = c.KeyValueHeads * c.HeadDim;
        var attention = LlamaLayout.Attention(c, index) with
        {
            Inputs = new ProjectionLayout(new LinearLayout(name + "self_attn.qkv_proj", queries + 2 * keys, c.HiddenSize))
            {
                Fused = ProjectionLayout.InTurn(queries, keys, keys),
            },
        };
        var mlp = LlamaLayout.Mlp(c, index) with
        {
            Inputs = new ProjectionLayout(new LinearLayout(name + "mlp.gate_up_proj", 2 * c.IntermediateSize, c.HiddenSize))
            {
                Fused = ProjectionLayout.InTurn(c.IntermediateSize, c.IntermediateSize),
            },
        };
        return new LayerLayout(
            new BranchLayout(attention) { Before = LlamaLayout.Norm(c, name + "input_layernorm") },
            new BranchLayout(mlp) { Before = LlamaLayout.Norm(c, name + "post_attention_layernorm") }
        );
    }
}
