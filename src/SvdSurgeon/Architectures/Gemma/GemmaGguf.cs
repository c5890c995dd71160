using System.Text.Json.Nodes;

namespace SvdSurgeon.Architectures.Gemma;

/// <summary>What the GGUF files of Gemma 2 and 3 have in common.</summary>
internal static class GemmaGguf
{
    /// <summary>Names of a layer: four norms of the stream, and those of q and k in Gemma 3.</summary>
    public static IReadOnlyDictionary<string, string> Modules { get; } =
        GgufDialect.LlamaModulesWith(
            ("attn_q_norm", "self_attn.q_norm"),
            ("attn_k_norm", "self_attn.k_norm"),
            ("post_attention_norm", "post_attention_layernorm"),
            ("ffn_norm", "pre_feedforward_layernorm"),
            ("post_ffw_norm", "post_feedforward_layernorm")
        );

    /// <summary>The scale of the scores, which the files do not say: that of the head's width, but the largest model's is that of the
    /// hidden size over the heads.</summary>
    public static void AddQueryScale(JsonObject json, int layersOfTheLargest)
    {
        bool largest = Number(json, "num_hidden_layers") == layersOfTheLargest;
        json["query_pre_attn_scalar"] = largest
            ? Number(json, "hidden_size") / Number(json, "num_attention_heads")
            : Number(json, "head_dim");
    }

    private static long Number(JsonObject json, string key) => json[key]!.GetValue<long>();
}
