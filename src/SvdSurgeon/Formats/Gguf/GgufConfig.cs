using System.Text.Json.Nodes;
using SvdSurgeon.Architectures;

namespace SvdSurgeon.Formats.Gguf;

/// <summary>Writes GGUF metadata as the config.json that the Hugging Face folder of the same model has.</summary>
internal static class GgufConfig
{
    /// <summary>The tensor that carries LLaMA-3's rotary scaling, one factor a frequency.</summary>
    public const string RopeFactors = "rope_freqs.weight";

    public static JsonObject ToHuggingFace(GgufFile file, string architecture, GgufDialect? dialect = null)
    {
        var metadata = file.Metadata;
        string path = file.FilePath;
        if (metadata.Integer($"{architecture}.expert_count") is > 0)
            throw new InvalidModelException(
                $"Mixture of experts ({path}, {architecture}.expert_count) is not supported. Supported: dense llama, qwen2 and qwen3."
            );
        long hidden = Required("embedding_length"),
            heads = Required("attention.head_count"),
            context = Required("context_length");
        long headDim = Optional("attention.key_length") ?? (heads > 0 ? hidden / heads : 0);
        if (Optional("attention.value_length") is { } valueDim && valueDim != headDim)
            throw new InvalidModelException(
                $"{path}: heads of {headDim} for keys and {valueDim} for values are not supported. Supported: equal ones."
            );
        long rotated = Optional("rope.dimension_count") ?? headDim;
        if (rotated != headDim && dialect is null)
            throw new InvalidModelException(
                $"{path}: rotary positions on {rotated} of {headDim} dimensions of a head are not supported. Supported: all of them."
            );
        if (!file.Tensors.TryGetValue("token_embd.weight", out var embedding))
            throw new InvalidModelException($"{path}: tensor 'token_embd.weight' is missing. The file is incomplete; fetch it again.");

        long window = architecture == "llama" ? Optional("attention.sliding_window") ?? 0 : 0;
        bool mistral = window > 0 && window < context; // GGUF calls Mistral "llama" too
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray(
                architecture == "qwen2" ? "Qwen2ForCausalLM"
                : architecture == "qwen3" ? "Qwen3ForCausalLM"
                : mistral ? "MistralForCausalLM"
                : "LlamaForCausalLM"
            ),
            ["model_type"] = mistral ? "mistral" : architecture,
            ["vocab_size"] = embedding.Rows,
            ["hidden_size"] = hidden,
            ["intermediate_size"] = Required("feed_forward_length"),
            ["num_hidden_layers"] = Required("block_count"),
            ["num_attention_heads"] = heads,
            ["num_key_value_heads"] = Optional("attention.head_count_kv") ?? heads,
            ["head_dim"] = headDim,
            ["hidden_act"] = "silu",
            ["max_position_embeddings"] = context,
            ["rms_norm_eps"] = Shortest(metadata.Number($"{architecture}.attention.layer_norm_rms_epsilon") ?? 1e-6),
            ["rope_theta"] = Shortest(metadata.Number($"{architecture}.rope.freq_base") ?? 10000),
            ["tie_word_embeddings"] = !file.Tensors.ContainsKey("output.weight"),
            ["bos_token_id"] = TokenId("bos"),
            ["eos_token_id"] = TokenId("eos"),
        };
        if (mistral)
            json["sliding_window"] = window;
        if (architecture == "llama" && !mistral)
        {
            json["attention_bias"] = file.Tensors.ContainsKey("blk.0.attn_q.bias");
            json["mlp_bias"] = file.Tensors.ContainsKey("blk.0.ffn_up.bias");
        }
        json["rope_scaling"] = GgufRope.ToHuggingFace(file, architecture, headDim);
        if (dialect is not null)
            Translate(file, dialect, json, rotated / (double)headDim);
        return json;

        long Required(string key) =>
            Optional(key) ?? throw new InvalidModelException($"{path}: metadata '{architecture}.{key}' is missing.");

        // A number, or an array of one number per layer that is the same for all of them.
        long? Optional(string key)
        {
            if (!metadata.TryGetValue($"{architecture}.{key}", out object? value) || value is not GgufArray array)
                return metadata.Integer($"{architecture}.{key}");
            return array.AreIntegers && array.Integers().Distinct().ToArray() is [int only]
                ? only
                : throw new InvalidModelException($"{path}: '{architecture}.{key}' differs from layer to layer, which is not supported.");
        }

        JsonNode? TokenId(string kind) => metadata.Integer($"tokenizer.ggml.{kind}_token_id") is { } id ? JsonValue.Create(id) : null;
    }

    private static void Translate(GgufFile file, GgufDialect dialect, JsonObject json, double partialRotary)
    {
        json["model_type"] = dialect.ModelType;
        json["architectures"] = new JsonArray(dialect.Class);
        if (partialRotary != 1)
            json["partial_rotary_factor"] = partialRotary;
        if (dialect.BiasKey.Length > 0)
            json[dialect.BiasKey] = file.Tensors.ContainsKey("blk.0.attn_q.bias");
        foreach (var (metadata, config) in dialect.Numbers)
            if (file.Metadata.Number($"{dialect.Architecture}.{metadata}") is { } number)
                json[config] = Shortest(number);
        foreach (string flag in (string[])["use_parallel_residual", "use_parallel_attention"])
            if (file.Metadata.TryGetValue($"{dialect.Architecture}.{flag}", out object? value) && value is true)
                json[flag] = true;
        dialect.Complete(json);
    }

    // 9.999999747378752e-06 is float32's 1e-05: written as the shorter one, it is the same number again after rounding to float32.
    internal static double Shortest(double single) =>
        double.Parse(
            ((float)single).ToString(System.Globalization.CultureInfo.InvariantCulture),
            System.Globalization.CultureInfo.InvariantCulture
        );
}
