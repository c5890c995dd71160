using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.HuggingFace;

/// <summary>
/// Checkpoints that a quantiser left: integers are no weights without the scales beside them. They are known by the names of those
/// companions, whatever config.json says.
/// </summary>
internal static class QuantizedWeights
{
    // The end of a tensor's name, and what writes such tensors.
    private static readonly (string Suffix, string Writer)[] Companions =
    [
        (".SCB", "bitsandbytes, 8 bits"),
        (".weight_format", "bitsandbytes, 8 bits"),
        (".absmax", "bitsandbytes, 4 bits"),
        (".quant_map", "bitsandbytes, 4 bits"),
        (".qweight", "GPTQ or AWQ"),
        (".qzeros", "GPTQ or AWQ"),
        (".g_idx", "GPTQ"),
        (".weight_packed", "compressed-tensors"),
        (".weight_scale", "compressed-tensors"),
        (".weight_scale_inv", "FP8"),
        (".input_scale", "FP8"),
        (".weight_zero_point", "compressed-tensors"),
        (".W_q", "HQQ"),
    ];

    // Files beside config.json that name a quantiser which config.json itself may not.
    private static readonly string[] Files = ["quantize_config.json", "quant_config.json"];

    /// <summary>Makes sure that the tensors are weights.</summary>
    /// <exception cref="InvalidModelException">They are those of a quantiser.</exception>
    /// <param name="folder">The model's folder.</param>
    /// <param name="tensors">Its tensors, those that can be unpacked unpacked.</param>
    /// <param name="isPacked">The configuration names a quantiser that can be read.</param>
    public static void Refuse(string folder, IEnumerable<StoredTensor> tensors, bool isPacked)
    {
        foreach (var tensor in tensors)
        foreach (var (suffix, writer) in Companions)
            if (tensor.Name.EndsWith(suffix, StringComparison.Ordinal))
                throw new InvalidModelException(
                    $"{tensor.Source}: the checkpoint is quantised ({writer}): '{tensor.Name}' belongs to integers that are no weights "
                        + $"by themselves. "
                        + $"{WayOut}"
                );
        foreach (string file in Files)
            if (!isPacked && File.Exists(Path.Combine(folder, file)))
                throw new InvalidModelException(
                    $"{Path.Combine(folder, file)}: the checkpoint is quantised, which is not supported. {WayOut}"
                );
    }

    /// <summary>What to do instead.</summary>
    public const string WayOut = "Use the checkpoint that it was made from, or a GGUF file.";
}
