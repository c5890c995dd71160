using SvdSurgeon.Architectures;

namespace SvdSurgeon.Export.Gguf;

/// <summary>What llama.cpp knows of a family without reading it in the file. A model that differs would run there and be wrong.</summary>
internal static class TakenForGranted
{
    /// <summary>Refuses a model that differs.</summary>
    /// <exception cref="InvalidModelException">It does; names the key of config.json.</exception>
    public static void Require(DecoderConfig config, string path)
    {
        if (config.ModelType is "gemma2" or "gemma3_text")
        {
            Require(HasScaleOfGemma(config), config, path, "query_pre_attn_scalar", "the scale that follows from the size of a head");
            int fullEvery = config.ModelType == "gemma2" ? 2 : 6;
            Require(
                Enumerable.Range(0, config.Layers).All(layer => config.Window(layer) > 0 == ((layer + 1) % fullEvery != 0)),
                config,
                path,
                "layer_types",
                $"a layer in {fullEvery} without a sliding window"
            );
        }
        if (config.ModelType == "smollm3")
            Require(
                config.LayersWithoutRotary.SequenceEqual(Enumerable.Range(0, config.Layers).Where(layer => (layer + 1) % 4 == 0)),
                config,
                path,
                "no_rope_layers",
                "every fourth layer without rotary positions"
            );
    }

    // The largest model of each generation has that of the hidden size over the heads.
    private static bool HasScaleOfGemma(DecoderConfig config)
    {
        bool largest = config.Layers == (config.ModelType == "gemma2" ? 46 : 62);
        double width = largest ? config.HiddenSize / (double)config.Heads : config.HeadDim;
        return Math.Abs(config.AttentionScale * Math.Sqrt(width) - 1) < 1e-5;
    }

    private static void Require(bool holds, DecoderConfig config, string path, string key, string granted)
    {
        if (!holds)
            throw new InvalidModelException(
                $"{path}: llama.cpp takes {granted} for granted in {config.ModelType}, and {key} says otherwise here: the file would run "
                    + $"there and be wrong. Use --format onnx or --format hf."
            );
    }
}
