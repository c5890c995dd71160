namespace SvdSurgeon.Formats.Gguf;

/// <summary>GGUF's tensor names and their Hugging Face counterparts.</summary>
internal static class GgufNames
{
    private static readonly Dictionary<string, string> Outside = new(StringComparer.Ordinal)
    {
        ["token_embd"] = "model.embed_tokens",
        ["output_norm"] = "model.norm",
        ["output"] = "lm_head",
    };

    private static readonly Dictionary<string, string> InLayer = new(StringComparer.Ordinal)
    {
        ["attn_norm"] = "input_layernorm",
        ["attn_q"] = "self_attn.q_proj",
        ["attn_k"] = "self_attn.k_proj",
        ["attn_v"] = "self_attn.v_proj",
        ["attn_output"] = "self_attn.o_proj",
        ["attn_q_norm"] = "self_attn.q_norm",
        ["attn_k_norm"] = "self_attn.k_norm",
        ["ffn_norm"] = "post_attention_layernorm",
        ["ffn_gate"] = "mlp.gate_proj",
        ["ffn_up"] = "mlp.up_proj",
        ["ffn_down"] = "mlp.down_proj",
    };

    /// <summary>GGUF's name of a Hugging Face parameter, or null for one that the architecture does not have.</summary>
    /// <param name="name">Hugging Face's name.</param>
    /// <param name="modules">The modules of its layers; null for LLaMA's and Qwen's.</param>
    public static string? FromHuggingFace(string name, IReadOnlyDictionary<string, string>? modules = null)
    {
        int dot = name.LastIndexOf('.');
        var (module, kind) = dot < 0 ? ("", name) : (name[..dot], name[(dot + 1)..]);
        if (kind is not ("weight" or "bias"))
            return null;
        if (Outside.FirstOrDefault(entry => entry.Value == module).Key is { } outside)
            return $"{outside}.{kind}";
        // A family's own names stand behind LLaMA's.
        return
            module.Split('.', 4) is ["model", "layers", var layer, var part]
            && (modules ?? InLayer).LastOrDefault(entry => entry.Value == part).Key is { } inside
            ? $"blk.{layer}.{inside}.{kind}"
            : null;
    }

    /// <summary>The Hugging Face name, or null for a tensor that the architecture does not have.</summary>
    /// <param name="name">GGUF's name.</param>
    /// <param name="modules">The modules of its layers; null for LLaMA's and Qwen's.</param>
    public static string? ToHuggingFace(string name, IReadOnlyDictionary<string, string>? modules = null)
    {
        modules ??= InLayer;
        string[] parts = name.Split('.');
        if (parts[^1] is not ("weight" or "bias"))
            return null;
        return parts switch
        {
            [var module, var kind] when Outside.TryGetValue(module, out string? outside) => $"{outside}.{kind}",
            ["blk", var layer, var module, var kind] when layer.All(char.IsAsciiDigit) && modules.TryGetValue(module, out string? inside) =>
                $"model.layers.{layer}.{inside}.{kind}",
            _ => null,
        };
    }
}
