namespace SvdSurgeon.Formats.Gguf;

/// <summary>Metadata keys that change nothing that this program computes. What is neither read nor here is named in a warning.</summary>
internal static class GgufKeysWithoutEffect
{
    // Keys of the architecture, without its name before them.
    private static readonly string[] OfArchitecture =
    [
        "expert_count",
        "expert_used_count",
        "rope.scaling.finetuned",
        "rope.scaling.factor",
        "rope.scaling.original_context_length",
        "tensor_data_layout",
        "use_parallel_residual",
        "vocab_size",
    ];

    private static readonly string[] OfTokenizer =
    [
        "chat_template",
        "ggml.add_sep_token",
        "ggml.cls_token_id",
        "ggml.eom_token_id",
        "ggml.eot_token_id",
        "ggml.mask_token_id",
        "ggml.padding_token_id",
        "ggml.seperator_token_id",
        "ggml.separator_token_id",
        "ggml.token_type_count",
        "ggml.unknown_token_id",
        "huggingface.json",
        "rwkv.world",
    ];

    /// <summary>Whether the key is known to be without effect.</summary>
    public static bool Contains(string key, string architecture) =>
        key.StartsWith("general.", StringComparison.Ordinal)
        || key.StartsWith("quantize.", StringComparison.Ordinal)
        || key.StartsWith("split.", StringComparison.Ordinal)
        || key.StartsWith("svdsurgeon.", StringComparison.Ordinal)
        || key.StartsWith("tokenizer.chat_template", StringComparison.Ordinal)
        || key.StartsWith("tokenizer.ggml.fim_", StringComparison.Ordinal)
        || key.StartsWith("tokenizer.ggml.prefix_", StringComparison.Ordinal)
        || key.StartsWith("tokenizer.ggml.suffix_", StringComparison.Ordinal)
        || key.StartsWith("tokenizer.ggml.middle_", StringComparison.Ordinal)
        || OfTokenizer.Any(known => key == "tokenizer." + known)
        || OfArchitecture.Any(known => key == $"{architecture}.{known}");
}
