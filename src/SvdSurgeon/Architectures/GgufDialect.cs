using System.Text.Json.Nodes;

namespace SvdSurgeon.Architectures;

/// <summary>How GGUF files say what a family's config.json says, and what their converter does to its tensors.</summary>
/// <param name="Architecture">general.architecture, and the prefix of the metadata.</param>
/// <param name="ModelType">Hugging Face's model_type.</param>
/// <param name="Class">Hugging Face's class.</param>
internal sealed record GgufDialect(string Architecture, string ModelType, string Class)
{
    /// <summary>GGUF's names of the modules of a layer, and Hugging Face's.</summary>
    public required IReadOnlyDictionary<string, string> Modules { get; init; }

    /// <summary>Numbers of the metadata, without the prefix, and the keys of config.json that say the same.</summary>
    public IReadOnlyList<(string Metadata, string Config)> Numbers { get; init; } = [];

    /// <summary>Keys of config.json that follow from those that were read.</summary>
    public Action<JsonObject> Complete { get; init; } = _ => { };

    /// <summary>The key of config.json that says that attention has biases; empty where none does.</summary>
    public string BiasKey { get; init; } = "attention_bias";

    /// <summary>Rows of q and k are stored with the two rotary halves of each head interleaved.</summary>
    public bool PairsRotaryRows { get; init; }

    /// <summary>Norms are stored as 1 + w.</summary>
    public bool NormsPlusOne { get; init; }

    /// <summary>The names that LLaMA's layers have.</summary>
    public static IReadOnlyDictionary<string, string> LlamaModules { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["attn_norm"] = "input_layernorm",
            ["attn_q"] = "self_attn.q_proj",
            ["attn_k"] = "self_attn.k_proj",
            ["attn_v"] = "self_attn.v_proj",
            ["attn_output"] = "self_attn.o_proj",
            ["ffn_norm"] = "post_attention_layernorm",
            ["ffn_gate"] = "mlp.gate_proj",
            ["ffn_up"] = "mlp.up_proj",
            ["ffn_down"] = "mlp.down_proj",
        };

    /// <summary>LLaMA's names, with some in other places.</summary>
    public static IReadOnlyDictionary<string, string> LlamaModulesWith(params ReadOnlySpan<(string Gguf, string HuggingFace)> others)
    {
        var modules = LlamaModules.ToDictionary(StringComparer.Ordinal);
        foreach (var (gguf, name) in others)
            modules[gguf] = name;
        return modules;
    }
}
