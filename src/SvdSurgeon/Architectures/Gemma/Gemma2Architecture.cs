using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.Architectures.Llama;
using SvdSurgeon.IO;

namespace SvdSurgeon.Architectures.Gemma;

/// <summary>Gemma 2: scores and logits with soft caps, a sliding window in every other layer.</summary>
internal sealed class Gemma2Architecture : Architecture
{
    public override IReadOnlyList<string> ModelTypes => ["gemma2"];

    public override TensorNames Names => LlamaLayout.Names;

    public override GgufDialect Gguf { get; } =
        new("gemma2", "gemma2", "Gemma2ForCausalLM")
        {
            Modules = GemmaGguf.Modules,
            Numbers =
            [
                ("attn_logit_softcapping", "attn_logit_softcapping"),
                ("final_logit_softcapping", "final_logit_softcapping"),
                ("attention.sliding_window", "sliding_window"),
            ],
            Complete = json => GemmaGguf.AddQueryScale(json, layersOfTheLargest: 46),
            NormsPlusOne = true,
        };

    public override DecoderConfig ReadConfig(ConfigKeys keys, string modelType)
    {
        var (theta, scaling) = RopeKeys.Parse(keys);
        var common = GemmaKeys.Read(keys, modelType);
        return common with
        {
            RopeTheta = theta,
            RopeScaling = scaling,
            AttentionSoftCap = GemmaKeys.Cap(keys, "attn_logit_softcapping", 50),
            LogitSoftCap = GemmaKeys.Cap(keys, "final_logit_softcapping", 30),
            Windows = SlidingWindows.Periodic(keys, common.Layers, everyFull: 2),
        };
    }

    public override ModelLayout Model(DecoderConfig config) => GemmaLayout.Model(config);

    public override LayerLayout Layer(DecoderConfig config, int index) =>
        GemmaLayout.Layer(config, index, LlamaLayout.Attention(config, index));
}
