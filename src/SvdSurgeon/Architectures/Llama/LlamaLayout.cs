using SvdSurgeon.Architectures.Layouts;

namespace SvdSurgeon.Architectures.Llama;

/// <summary>LLaMA's names and blocks, which most later families share in part.</summary>
internal static class LlamaLayout
{
    /// <summary>model.embed_tokens, model.layers, model.norm, lm_head.</summary>
    public static TensorNames Names { get; } = new("model.", ["layers", "embed_tokens", "norm"]);

    /// <summary>Embedding and final norm.</summary>
    public static ModelLayout Model(DecoderConfig c) =>
        new()
        {
            Embedding = new("model.embed_tokens", c.VocabSize, c.HiddenSize),
            FinalNorm = Norm(c, "model.norm"),
            EmbeddingScale = c.EmbeddingScale,
            LogitScale = c.LogitScale,
            LogitSoftCap = c.LogitSoftCap,
        };

    /// <summary>What stands before the names of a layer.</summary>
    public static string LayerName(int index) => $"model.layers.{index}.";

    /// <summary>A norm of the residual stream.</summary>
    public static NormLayout Norm(DecoderConfig c, string name, NormKind kind = NormKind.Rms) =>
        new(name, c.HiddenSize, c.NormEpsilon, kind);

    /// <summary>self_attn: q, k, v and o, with a norm of each head of q and k where the configuration says so.</summary>
    public static AttentionLayout Attention(DecoderConfig c, int index)
    {
        string name = LayerName(index) + "self_attn.";
        int queries = c.Heads * c.HeadDim,
            keys = c.KeyValueHeads * c.HeadDim;
        var inputs = new ProjectionLayout(
            new LinearLayout(name + "q_proj", queries, c.HiddenSize, c.AttentionBias),
            new LinearLayout(name + "k_proj", keys, c.HiddenSize, c.AttentionBias),
            new LinearLayout(name + "v_proj", keys, c.HiddenSize, c.AttentionBias)
        );
        return new AttentionLayout(inputs, new LinearLayout(name + "o_proj", c.HiddenSize, queries, c.AttentionOutputBias))
        {
            Heads = c.Heads,
            KeyValueHeads = c.KeyValueHeads,
            HeadDim = c.HeadDim,
            QueryNorm = c.QueryKeyNorm ? new(name + "q_norm", c.HeadDim, c.NormEpsilon, NormKind.Rms) : null,
            KeyNorm = c.QueryKeyNorm ? new(name + "k_norm", c.HeadDim, c.NormEpsilon, NormKind.Rms) : null,
            Rotary = Rotary(c, index),
            Scale = c.AttentionScale,
            SoftCap = c.AttentionSoftCap,
            Window = c.Window(index),
        };
    }

    /// <summary>The rotation of a layer's queries and keys; null where there is none.</summary>
    public static RotaryLayout? Rotary(DecoderConfig c, int index)
    {
        if (c.LayersWithoutRotary.Contains(index))
            return null;
        int dim = c.RotaryDim > 0 ? c.RotaryDim : c.HeadDim;
        return c.WindowRopeTheta > 0 && c.Window(index) > 0
            ? new(dim, c.WindowRopeTheta, RopeScaling.None)
            : new(dim, c.RopeTheta, c.RopeScaling);
    }

    /// <summary>mlp: gate, up and down.</summary>
    public static GatedMlpLayout Mlp(DecoderConfig c, int index)
    {
        string name = LayerName(index) + "mlp.";
        var inputs = new ProjectionLayout(
            new LinearLayout(name + "gate_proj", c.IntermediateSize, c.HiddenSize, c.MlpBias),
            new LinearLayout(name + "up_proj", c.IntermediateSize, c.HiddenSize, c.MlpBias)
        );
        return new(inputs, new LinearLayout(name + "down_proj", c.HiddenSize, c.IntermediateSize, c.MlpBias), c.Activation);
    }
}
