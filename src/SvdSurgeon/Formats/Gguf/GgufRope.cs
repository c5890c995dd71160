using System.Text.Json.Nodes;

namespace SvdSurgeon.Formats.Gguf;

/// <summary>Rotary scaling of GGUF files: linear in the metadata, LLaMA-3's as a tensor of factors.</summary>
internal static class GgufRope
{
    /// <summary>The value of rope_scaling, null for none.</summary>
    /// <exception cref="InvalidModelException">The scaling is of another kind.</exception>
    public static JsonObject? ToHuggingFace(GgufFile file, string architecture, long headDim)
    {
        var metadata = file.Metadata;
        string type = metadata.Text($"{architecture}.rope.scaling.type") ?? "none";
        double factor = metadata.Number($"{architecture}.rope.scaling.factor") ?? metadata.Number($"{architecture}.rope.scale_linear") ?? 1;
        if (type is not ("none" or "linear" or "llama3"))
            throw new InvalidModelException(
                $"Rotary scaling '{type}' ({file.FilePath}, {architecture}.rope.scaling.type) is not supported. Supported: none, linear, "
                    + $"llama3."
            );
        if (file.Tensors.TryGetValue(GgufConfig.RopeFactors, out var factors))
        {
            double theta = GgufConfig.Shortest(metadata.Number($"{architecture}.rope.freq_base") ?? 10000);
            long original = metadata.Integer($"{architecture}.rope.scaling.original_context_length") ?? 8192;
            return Recognize(factors.ToSingles(), theta, headDim, original)
                ?? throw new InvalidModelException(
                    $"{file.FilePath}: the factors of '{GgufConfig.RopeFactors}' are not those of a LLaMA-3 model; other rotary scalings "
                        + $"are not supported."
                );
        }
        if (factor == 1)
            return null;
        return type == "llama3"
            ? throw new InvalidModelException(
                $"{file.FilePath}: llama3 rotary scaling without the tensor '{GgufConfig.RopeFactors}' is not supported."
            )
            : new JsonObject { ["rope_type"] = "linear", ["factor"] = factor };
    }

    // The file has the factors, config.json their four parameters. The published models differ only in the largest factor.
    public static JsonObject? Recognize(float[] factors, double theta, long headDim, long original)
    {
        if (factors.Length != headDim / 2)
            return null;
        double largest = factors.Max();
        if (factors.All(f => f == 1))
            return new JsonObject { ["rope_type"] = "default" };
        const double low = 1,
            high = 4;
        for (int i = 0; i < factors.Length; i++)
        {
            double wavelength = 2 * Math.PI * Math.Pow(theta, 2.0 * i / headDim);
            double smooth = Math.Clamp((original / wavelength - low) / (high - low), 0, 1);
            double expected = 1 / ((1 - smooth) / largest + smooth);
            if (!(Math.Abs(factors[i] - expected) <= 1e-4 * expected))
                return null;
        }
        return new JsonObject
        {
            ["rope_type"] = "llama3",
            ["factor"] = GgufConfig.Shortest(largest),
            ["low_freq_factor"] = low,
            ["high_freq_factor"] = high,
            ["original_max_position_embeddings"] = original,
        };
    }
}
