using SvdSurgeon.IO;

namespace SvdSurgeon.Architectures.Llama;

/// <summary>The keys of LLaMA's config.json that most later families have too.</summary>
internal static class LlamaKeys
{
    /// <summary>Sizes, activation and norms.</summary>
    /// <param name="keys">The config.</param>
    /// <param name="modelType">Its model_type.</param>
    /// <param name="defaultHeadDim">Width of a head where no key says it; 0 for the hidden size over the heads.</param>
    /// <param name="tied">The head is the embedding where no key says.</param>
    /// <param name="epsilon">ε of the norms where no key says it.</param>
    public static DecoderConfig Read(ConfigKeys keys, string modelType, int defaultHeadDim = 0, bool tied = false, double epsilon = 1e-6)
    {
        string activation = keys.Text("hidden_act", "silu");
        if (activation is not ("silu" or "swish"))
            throw keys.Refuse("hidden_act", activation, "silu", "Activation");
        return Sizes(keys, modelType, defaultHeadDim, tied) with
        {
            NormEpsilon = (float)keys.PositiveNumber("rms_norm_eps", epsilon),
            Activation = Activation.SwiGlu,
        };
    }

    /// <summary>Sizes alone: norms and activation are the caller's.</summary>
    public static DecoderConfig Sizes(ConfigKeys keys, string modelType, int defaultHeadDim = 0, bool tied = false)
    {
        int hidden = keys.Positive("hidden_size");
        int heads = keys.Positive("num_attention_heads");
        int keyValueHeads = keys.Positive("num_key_value_heads", heads);
        keys.Divides("num_key_value_heads", keyValueHeads, "num_attention_heads", heads);
        bool divided = defaultHeadDim == 0 || keys.IsNull("head_dim");
        if (divided && !keys.Has("head_dim"))
            keys.Divides("num_attention_heads", heads, "hidden_size", hidden);
        int headDim = keys.Positive("head_dim", divided ? hidden / heads : defaultHeadDim);
        if (headDim % 2 != 0)
            throw new InvalidModelException($"{keys.File}: head_dim is {headDim}; rotary positions need an even one.");
        if ((long)heads * headDim > int.MaxValue)
            throw new InvalidModelException($"{keys.File}: {heads} heads of {headDim} are more than a model can have.");
        return new DecoderConfig
        {
            ModelType = modelType,
            VocabSize = keys.Positive("vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = keys.Positive("intermediate_size"),
            Layers = keys.LayerCount("num_hidden_layers"),
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadDim = headDim,
            // The first conversions of LLaMA wrote max_sequence_length. What is not there takes the architecture's own default.
            MaxPositions = keys.Positive("max_position_embeddings", "max_sequence_length", DefaultPositions(modelType)),
            NormEpsilon = 0,
            Activation = Activation.SwiGlu,
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", tied),
            WordEmbeddingDim = hidden,
        };
    }

    private static int DefaultPositions(string modelType) =>
        modelType switch
        {
            "mistral" => 131072,
            "qwen2" or "qwen3" => 32768,
            _ => 2048,
        };
}
