using SvdSurgeon.Architectures;
using SvdSurgeon.Formats.Gguf;

namespace SvdSurgeon.Export.Gguf;

/// <summary>The metadata that says what a model computes.</summary>
internal static class GgufModelMetadata
{
    /// <summary>Adds general.* and the architecture's own keys.</summary>
    public static void Add(GgufMetadataBuilder metadata, DecoderConfig config, GgufArchitecture architecture, string name)
    {
        metadata.Add("general.architecture", architecture.Name);
        metadata.Add("general.type", "model");
        metadata.Add("general.name", name);
        metadata.Add("general.quantization_version", 2); // of ggml's block types, all of them
        string a = architecture.Name;
        metadata.Add(a + ".context_length", config.MaxPositions);
        metadata.Add(a + ".embedding_length", config.HiddenSize);
        metadata.Add(a + ".block_count", config.Layers);
        metadata.Add(a + ".feed_forward_length", config.IntermediateSize);
        metadata.Add(a + ".attention.head_count", config.Heads);
        metadata.Add(a + ".attention.head_count_kv", config.KeyValueHeads);
        metadata.Add(a + ".attention.key_length", config.HeadDim);
        metadata.Add(a + ".attention.value_length", config.HeadDim);
        metadata.Add(a + ".attention.layer_norm_rms_epsilon", (double)config.NormEpsilon);
        metadata.Add(a + ".rope.dimension_count", config.HeadDim);
        metadata.Add(a + ".rope.freq_base", config.RopeTheta);
        metadata.Add(a + ".vocab_size", config.VocabSize);
        if (UniformWindow(config) is > 0 and var window)
            metadata.Add(a + ".attention.sliding_window", window);
        if (config.RopeScaling.Type == "linear")
        {
            metadata.Add(a + ".rope.scaling.type", "linear");
            metadata.Add(a + ".rope.scaling.factor", config.RopeScaling.Factor);
        }
        else if (config.RopeScaling.Type == "llama3")
            metadata.Add(a + ".rope.scaling.original_context_length", config.RopeScaling.OriginalMaxPositions);
    }

    /// <summary>
    /// What llama.cpp divides each rotary frequency by, head dimension / 2 numbers; null where the scaling is no table. LLaMA-3's: 1 for
    /// short wavelengths, the factor for long ones, and between them 1 / ((1 − s)/factor + s) with s from 0 to 1.
    /// </summary>
    public static float[]? RotaryFactors(DecoderConfig config)
    {
        if (config.RopeScaling is not { Type: "llama3" } scaling)
            return null;
        var factors = new float[config.HeadDim / 2];
        for (int i = 0; i < factors.Length; i++)
        {
            double wavelength = 2 * Math.PI * Math.Pow(config.RopeTheta, 2.0 * i / config.HeadDim);
            double turns = scaling.OriginalMaxPositions / wavelength;
            double s = Math.Clamp((turns - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor), 0, 1);
            factors[i] = (float)(1 / ((1 - s) / scaling.Factor + s));
        }
        return factors;
    }

    /// <summary>What llama.cpp does differently, for the user.</summary>
    public static IEnumerable<string> Notes(DecoderConfig config)
    {
        if (config.Windows.Any(window => window > 0 && window < config.MaxPositions))
            yield return $"llama.cpp does not apply this model's sliding window of {config.Windows.Max()} tokens: beyond it, texts are "
                + $"continued differently there.";
    }

    private static int UniformWindow(DecoderConfig config) =>
        config.ModelType == "mistral" && config.Windows.Count > 0 ? config.Windows[0] : 0;
}
