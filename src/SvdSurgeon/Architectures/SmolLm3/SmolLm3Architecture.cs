using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.Architectures.Llama;
using SvdSurgeon.IO;

namespace SvdSurgeon.Architectures.SmolLm3;

/// <summary>SmolLM3: LLaMA without rotary positions in every fourth layer.</summary>
internal sealed class SmolLm3Architecture : Architecture
{
    public override IReadOnlyList<string> ModelTypes => ["smollm3"];

    public override TensorNames Names => LlamaLayout.Names;

    public override GgufDialect Gguf { get; } =
        new("smollm3", "smollm3", "SmolLM3ForCausalLM")
        {
            Modules = GgufDialect.LlamaModules,
            Complete = json => json["no_rope_layer_interval"] = 4, // the files do not say it
            PairsRotaryRows = true,
        };

    public override DecoderConfig ReadConfig(ConfigKeys keys, string modelType)
    {
        if (keys.Flag("use_sliding_window", false) && keys.Has("sliding_window"))
            throw keys.Refuse("use_sliding_window", "true", "false", "A sliding window in SmolLM3");
        // Without a window these say nothing; which layers turn, no_rope_layers says in more detail than the interval.
        keys.Ignore("sliding_window", "max_window_layers", "layer_types", "no_rope_layer_interval");
        var (theta, scaling) = RopeKeys.Parse(keys, defaultTheta: 2000000);
        var sizes = LlamaKeys.Read(keys, modelType, tied: true);
        bool bias = keys.Flag("attention_bias", false);
        return sizes with
        {
            AttentionBias = bias,
            AttentionOutputBias = bias,
            MlpBias = keys.Flag("mlp_bias", false),
            RopeTheta = theta,
            RopeScaling = scaling,
            LayersWithoutRotary = LayersWithoutRotary(keys, sizes.Layers),
            BosTokenId = keys.TokenId("bos_token_id", 128000),
            EosTokenIds = keys.TokenIds("eos_token_id", 128001),
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

    // no_rope_layers holds 1 for a layer that has rotary positions, whatever its name says.
    private static IReadOnlyList<int> LayersWithoutRotary(ConfigKeys keys, int layers)
    {
        if (keys.Array("no_rope_layers") is not { } flags)
        {
            int interval = keys.Positive("no_rope_layer_interval", 4);
            return [.. Enumerable.Range(0, layers).Where(layer => (layer + 1) % interval == 0)];
        }
        if (flags.Count != layers)
            throw new InvalidModelException($"{keys.File}: no_rope_layers has {flags.Count} entries, num_hidden_layers is {layers}.");
        return [.. Enumerable.Range(0, layers).Where(layer => flags[layer]?.ToJsonString() is "0" or "false")];
    }
}
