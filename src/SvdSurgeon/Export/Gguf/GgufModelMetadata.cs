using SvdSurgeon.Architectures;
using SvdSurgeon.Architectures.Layouts;
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
        string norm = ArchitectureRegistry.Of(config).Model(config).FinalNorm?.Kind == NormKind.Layer ? "layer_norm" : "layer_norm_rms";
        metadata.Add($"{a}.attention.{norm}_epsilon", (double)config.NormEpsilon);
        metadata.Add(a + ".rope.dimension_count", config.RotaryDim > 0 ? config.RotaryDim : config.HeadDim);
        metadata.Add(a + ".rope.freq_base", config.RopeTheta);
        metadata.Add(a + ".vocab_size", config.VocabSize);
        if (config.Windows.Count > 0 && config.Windows.Max() is > 0 and var window)
            metadata.Add(a + ".attention.sliding_window", window);
        AddOfFamily(metadata, config, a);
        if (config.RopeScaling.Type == "linear")
        {
            metadata.Add(a + ".rope.scaling.type", "linear");
            metadata.Add(a + ".rope.scaling.factor", config.RopeScaling.Factor);
        }
        else if (config.RopeScaling.Type == "llama3")
            metadata.Add(a + ".rope.scaling.original_context_length", config.RopeScaling.OriginalMaxPositions);
    }

    private static void AddOfFamily(GgufMetadataBuilder metadata, DecoderConfig config, string a)
    {
        if (config.AttentionSoftCap > 0)
            metadata.Add(a + ".attn_logit_softcapping", (double)config.AttentionSoftCap);
        if (config.LogitSoftCap > 0)
            metadata.Add(a + ".final_logit_softcapping", (double)config.LogitSoftCap);
        if (config.WindowRopeTheta > 0)
            metadata.Add(a + ".rope.freq_base_swa", config.WindowRopeTheta);
        if (config.ModelType == "stablelm")
            metadata.Add(a + ".use_parallel_residual", config.ParallelResidual);
        if (config.ModelType != "granite")
            return;
        metadata.Add(a + ".attention.scale", (double)config.AttentionScale);
        metadata.Add(a + ".embedding_scale", (double)config.EmbeddingScale);
        metadata.Add(a + ".residual_scale", (double)config.ResidualScale);
        metadata.Add(a + ".logit_scale", 1 / (double)config.LogitScale);
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
        if (config.ModelType is "mistral" or "phi3" && config.Windows.Any(window => window > 0 && window < config.MaxPositions))
            yield return $"llama.cpp does not apply this model's sliding window of {config.Windows.Max()} tokens: beyond it, texts are "
                + $"continued differently there.";
    }
}
