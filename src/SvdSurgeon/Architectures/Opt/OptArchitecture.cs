using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.IO;

namespace SvdSurgeon.Architectures.Opt;

/// <summary>
/// OPT: x₁ = x + out(attention(q, k, v)), then x₁ + fc2(relu(fc1)), with a layer norm before each of the two, or after it (OPT-350m);
/// learned positions.
/// </summary>
internal sealed class OptArchitecture : Architecture
{
    // The table of positions starts with two rows that were once meant for padding.
    private const int PositionOffset = 2;
    private const string Prefix = "model.decoder.";

    public override IReadOnlyList<string> ModelTypes => ["opt"];

    // Files of the bare decoder lack "model."; the original OPT files have only "decoder.".
    public override TensorNames Names { get; } =
        new(Prefix, ["layers", "embed_tokens", "embed_positions", "final_layer_norm", "project_in", "project_out", "version"])
        {
            OtherPrefixes = ["decoder.", "model."],
            Redundant = [Prefix + "version"],
        };

    public override DecoderConfig ReadConfig(ConfigKeys keys, string modelType)
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
            ModelType = modelType,
            VocabSize = keys.Positive("vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = keys.Positive("ffn_dim"),
            Layers = keys.LayerCount("num_hidden_layers"),
            Heads = heads,
            KeyValueHeads = heads,
            HeadDim = hidden / heads,
            MaxPositions = keys.Positive("max_position_embeddings", 2048),
            NormEpsilon = 1e-5f,
            Activation = activation == "relu" ? Activation.Relu : Activation.Gelu,
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", true),
            AttentionBias = bias,
            AttentionOutputBias = bias,
            MlpBias = bias,
            PreNorm = preNorm,
            AffineNorms = keys.Flag("layer_norm_elementwise_affine", true),
            FinalNorm = !keys.Flag("_remove_final_layer_norm", false) && preNorm,
            WordEmbeddingDim = keys.Positive("word_embed_proj_dim", hidden),
            BosTokenId = keys.TokenId("bos_token_id", 2),
            EosTokenIds = keys.TokenIds("eos_token_id", 2),
        };
    }

    public override ModelLayout Model(DecoderConfig c)
    {
        int width = c.WordEmbeddingDim > 0 ? c.WordEmbeddingDim : c.HiddenSize;
        bool projected = width != c.HiddenSize;
        return new ModelLayout
        {
            Embedding = new(Prefix + "embed_tokens", c.VocabSize, width),
            Positions = Prefix + "embed_positions",
            PositionOffset = PositionOffset,
            ProjectIn = projected ? new(Prefix + "project_in", c.HiddenSize, width) : null,
            ProjectOut = projected ? new(Prefix + "project_out", width, c.HiddenSize) : null,
            FinalNorm = c.FinalNorm ? Norm(c, Prefix + "final_layer_norm") : null,
        };
    }

    public override LayerLayout Layer(DecoderConfig c, int index)
    {
        string name = $"{Prefix}layers.{index}.";
        LinearLayout Attention(string part, bool bias) => new($"{name}self_attn.{part}", c.HiddenSize, c.HiddenSize, bias);
        var inputs = new ProjectionLayout(
            Attention("q_proj", c.AttentionBias),
            Attention("k_proj", c.AttentionBias),
            Attention("v_proj", c.AttentionBias)
        );
        var attention = new AttentionLayout(inputs, Attention("out_proj", c.AttentionOutputBias))
        {
            Heads = c.Heads,
            KeyValueHeads = c.KeyValueHeads,
            HeadDim = c.HeadDim,
        };
        var mlp = new MlpLayout(
            new ProjectionLayout(new LinearLayout(name + "fc1", c.IntermediateSize, c.HiddenSize, c.MlpBias)),
            new LinearLayout(name + "fc2", c.HiddenSize, c.IntermediateSize, c.MlpBias),
            c.Activation
        );
        return new LayerLayout(
            Branch(attention, Norm(c, name + "self_attn_layer_norm"), c.PreNorm),
            Branch(mlp, Norm(c, name + "final_layer_norm"), c.PreNorm)
        );
    }

    private static BranchLayout Branch(BlockLayout block, NormLayout norm, bool before) =>
        before ? new(block) { Before = norm } : new(block) { OnSum = norm };

    private static NormLayout Norm(DecoderConfig c, string name) =>
        new(name, c.HiddenSize, c.NormEpsilon, c.AffineNorms ? NormKind.Layer : NormKind.LayerWithoutParameters);
}
