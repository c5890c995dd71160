using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.Architectures.Llama;
using SvdSurgeon.IO;

namespace SvdSurgeon.Architectures.Gemma;

/// <summary>
/// The text model of Gemma 3: norms of each head of q and k, five layers with a sliding window and a rotary base of their own to every one
/// that sees all. Models with image towers (model_type gemma3) are not read.
/// </summary>
internal sealed class Gemma3Architecture : Architecture
{
    private const double Theta = 1000000;
    private const double WindowTheta = 10000;

    public override IReadOnlyList<string> ModelTypes => ["gemma3_text"];

    public override TensorNames Names => LlamaLayout.Names;

    public override GgufDialect Gguf { get; } =
        new("gemma3", "gemma3_text", "Gemma3ForCausalLM")
        {
            Modules = GemmaGguf.Modules,
            Numbers =
            [
                ("final_logit_softcapping", "final_logit_softcapping"),
                ("attention.sliding_window", "sliding_window"),
                ("rope.freq_base_swa", "rope_local_base_freq"),
            ],
            Complete = json => GemmaGguf.AddQueryScale(json, layersOfTheLargest: 62),
            NormsPlusOne = true,
        };

    public override DecoderConfig ReadConfig(ConfigKeys keys, string modelType)
    {
        if (keys.Has("attn_logit_softcapping"))
            throw keys.Refuse("attn_logit_softcapping", "a cap", "null", "In Gemma 3");
        var (theta, scaling, windowTheta) = Rotary(keys);
        var common = GemmaKeys.Read(keys, modelType);
        return common with
        {
            RopeTheta = theta,
            RopeScaling = scaling,
            WindowRopeTheta = windowTheta,
            LogitSoftCap = keys.Has("final_logit_softcapping") ? GemmaKeys.Cap(keys, "final_logit_softcapping", 1) : 0,
            Windows = SlidingWindows.Periodic(
                keys,
                common.Layers,
                everyFull: keys.Positive("sliding_window_pattern", keys.Positive("_sliding_window_pattern", 6))
            ),
        };
    }

    public override ModelLayout Model(DecoderConfig config) => GemmaLayout.Model(config);

    public override LayerLayout Layer(DecoderConfig c, int index)
    {
        string name = LlamaLayout.LayerName(index) + "self_attn.";
        return GemmaLayout.Layer(
            c,
            index,
            LlamaLayout.Attention(c, index) with
            {
                QueryNorm = new(name + "q_norm", c.HeadDim, c.NormEpsilon, NormKind.RmsPlusOne),
                KeyNorm = new(name + "k_norm", c.HeadDim, c.NormEpsilon, NormKind.RmsPlusOne),
            }
        );
    }

    // The newer files have one set for each type of layer, the older rope_theta, rope_scaling (of the full layers) and
    // rope_local_base_freq.
    private static (double Theta, RopeScaling Scaling, double WindowTheta) Rotary(ConfigKeys keys)
    {
        if (!keys.Has("rope_parameters"))
        {
            var (theta, scaling) = RopeKeys.Parse(keys, Theta);
            return (theta, scaling, keys.PositiveNumber("rope_local_base_freq", WindowTheta));
        }
        var full = RopeKeys.ParseLayerType(keys, "full_attention", Theta);
        var window = RopeKeys.ParseLayerType(keys, "sliding_attention", WindowTheta);
        if (window.Scaling != RopeScaling.None)
            throw keys.Refuse("rope_parameters.sliding_attention", window.Scaling.Type, "default", "Rotary scaling");
        Compare("rope_theta", full.Theta);
        Compare("rope_local_base_freq", window.Theta);
        if (keys.Object("rope_scaling") is not null)
            keys.Warn($"{keys.File}: 'rope_scaling' is not used beside 'rope_parameters'.");
        return (full.Theta, full.Scaling, window.Theta);

        void Compare(string older, double used)
        {
            if (keys.PositiveNumber(older, used) is var other && other != used)
                keys.Warn(
                    FormattableString.Invariant(
                        $"{keys.File}: '{older}' is {other} and 'rope_parameters' say {used}; 'rope_parameters' are used."
                    )
                );
        }
    }
}
