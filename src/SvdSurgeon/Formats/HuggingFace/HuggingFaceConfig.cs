using System.Text.Json.Nodes;
using SvdSurgeon.Architectures;
using SvdSurgeon.IO;

namespace SvdSurgeon.Formats.HuggingFace;

/// <summary>
/// Reads a Hugging Face config.json into a <see cref="DecoderConfig"/>; what the program cannot run exactly is refused by name.
/// </summary>
public static class HuggingFaceConfig
{
    /// <summary>Supported model_type values, for messages.</summary>
    public const string SupportedModelTypes = "opt, llama, mistral, qwen2, qwen3";

    /// <summary>Reads the file.</summary>
    /// <exception cref="InvalidModelException">The file is missing or not a JSON object.</exception>
    public static JsonObject Read(string path) => JsonFile.ReadObject(path);

    /// <summary>Interprets a config.</summary>
    /// <param name="json">The config, with the older keys (rope_theta, rope_scaling) or the newer (rope_parameters).</param>
    /// <param name="file">Where it comes from, for messages.</param>
    /// <exception cref="InvalidModelException">A key is missing or impossible, or the architecture, activation, rotary scaling or
    /// quantisation is not supported.</exception>
    public static DecoderConfig Parse(JsonObject json, string file)
    {
        var keys = new ConfigKeys(json, file);
        if (keys.Object("quantization_config") is { } quantization)
            throw keys.Refuse(
                "quantization_config",
                new ConfigKeys(quantization, file).Text("quant_method", "unknown"),
                "none; use the checkpoint that it was made from, or a GGUF file",
                "Quantised checkpoint"
            );
        string modelType = keys.Text("model_type", "");
        return modelType switch
        {
            "opt" => Opt(keys),
            "llama" or "mistral" or "qwen2" or "qwen3" => Llama(keys, modelType),
            "" => throw new InvalidModelException($"{file}: 'model_type' is missing. Supported: {SupportedModelTypes}."),
            _ => throw keys.Refuse("model_type", modelType, SupportedModelTypes, "Architecture"),
        };
    }

    private static DecoderConfig Opt(ConfigKeys keys)
    {
        string activation = keys.Text("activation_function", "relu");
        if (activation is not ("relu" or "gelu"))
            throw keys.Refuse("activation_function", activation, "relu, gelu", "Activation");
        int hidden = keys.Positive("hidden_size");
        int heads = keys.Positive("num_attention_heads");
        keys.Divides("num_attention_heads", heads, "hidden_size", hidden);
        bool bias = keys.Flag("enable_bias", true);
        bool preNorm = keys.Flag("do_layer_norm_before", true);
        return new DecoderConfig
        {
            Family = DecoderFamily.Opt,
            ModelType = "opt",
            VocabSize = keys.Positive("vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = keys.Positive("ffn_dim"),
            Layers = keys.Positive("num_hidden_layers"),
            Heads = heads,
            KeyValueHeads = heads,
            HeadDim = hidden / heads,
            MaxPositions = keys.Positive("max_position_embeddings"),
            NormEpsilon = 1e-5f,
            Activation = activation == "relu" ? Activation.Relu : Activation.Gelu,
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", true),
            AttentionBias = bias,
            AttentionOutputBias = bias,
            MlpBias = bias,
            PreNorm = preNorm,
            AffineNorms = keys.Flag("layer_norm_elementwise_affine", true),
            FinalNorm = preNorm && !keys.Flag("_remove_final_layer_norm", false),
            WordEmbeddingDim = keys.Positive("word_embed_proj_dim", hidden),
            BosTokenId = keys.TokenId("bos_token_id", 2),
            EosTokenIds = keys.TokenIds("eos_token_id", 2),
        };
    }

    private static DecoderConfig Llama(ConfigKeys keys, string modelType)
    {
        string activation = keys.Text("hidden_act", "silu");
        if (activation is not ("silu" or "swish"))
            throw keys.Refuse("hidden_act", activation, "silu", "Activation");
        int hidden = keys.Positive("hidden_size");
        int heads = keys.Positive("num_attention_heads");
        int keyValueHeads = keys.Positive("num_key_value_heads", heads);
        keys.Divides("num_key_value_heads", keyValueHeads, "num_attention_heads", heads);
        // Qwen3's own default is 128 whatever the hidden size; the others divide it among the heads.
        bool divided = modelType != "qwen3" || keys.IsNull("head_dim");
        if (divided && !keys.Has("head_dim"))
            keys.Divides("num_attention_heads", heads, "hidden_size", hidden);
        int headDim = keys.Positive("head_dim", divided ? hidden / heads : 128);
        if (headDim % 2 != 0)
            throw new InvalidModelException($"{keys.File}: head_dim is {headDim}; rotary positions need an even one.");
        int layers = keys.Positive("num_hidden_layers");
        var (theta, scaling) = RopeKeys.Parse(keys);
        bool allBiases = modelType is "llama" or "qwen3" && keys.Flag("attention_bias", false);
        bool qwen = modelType is "qwen2" or "qwen3";
        return new DecoderConfig
        {
            Family = DecoderFamily.Llama,
            ModelType = modelType,
            VocabSize = keys.Positive("vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = keys.Positive("intermediate_size"),
            Layers = layers,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadDim = headDim,
            MaxPositions = keys.Positive("max_position_embeddings"),
            NormEpsilon = (float)keys.PositiveNumber("rms_norm_eps", 1e-6),
            Activation = Activation.SwiGlu,
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", false),
            AttentionBias = allBiases || modelType == "qwen2",
            AttentionOutputBias = allBiases,
            MlpBias = modelType == "llama" && keys.Flag("mlp_bias", false),
            QueryKeyNorm = modelType == "qwen3",
            RopeTheta = theta,
            RopeScaling = scaling,
            Windows = SlidingWindows.Parse(keys, modelType, layers),
            WordEmbeddingDim = hidden,
            BosTokenId = keys.TokenId("bos_token_id", qwen ? -1 : 1),
            EosTokenIds = keys.TokenIds("eos_token_id", qwen ? -1 : 2),
        };
    }
}
