using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.Architectures.Llama;
using SvdSurgeon.IO;

namespace SvdSurgeon.Architectures.GptNeoX;

/// <summary>
/// GPT-NeoX and Pythia: attention and MLP beside each other, x + attention(norm x) + mlp(norm' x), or one after the other; layer norms, q,
/// k and v of each head in one module, rotary positions on a part of each head.
/// </summary>
internal sealed class GptNeoXArchitecture : Architecture
{
    private const string Prefix = "gpt_neox.";

    public override IReadOnlyList<string> ModelTypes => ["gpt_neox"];

    public override TensorNames Names { get; } = new(Prefix, ["layers", "embed_in", "final_layer_norm"]) { Head = "embed_out" };

    public override DecoderConfig ReadConfig(ConfigKeys keys, string modelType)
    {
        double theta = keys.PositiveNumber("rotary_emb_base", 10000);
        (theta, var scaling) = RopeKeys.Parse(keys, theta, partial: true);
        var sizes = LlamaKeys.Sizes(keys, modelType);
        if (sizes.KeyValueHeads != sizes.Heads)
            throw new InvalidModelException($"{keys.File}: gpt_neox models have as many key heads as query heads.");
        bool bias = keys.Flag("attention_bias", true);
        return sizes with
        {
            NormEpsilon = (float)keys.PositiveNumber("layer_norm_eps", 1e-5),
            Activation = ReadActivation(keys),
            AttentionBias = bias,
            AttentionOutputBias = bias,
            MlpBias = true,
            ParallelResidual = keys.Flag("use_parallel_residual", true),
            RopeTheta = theta,
            RopeScaling = scaling,
            RotaryDim = RopeKeys.RotaryDim(keys, sizes.HeadDim, 0.25, older: "rotary_pct"),
            BosTokenId = keys.TokenId("bos_token_id", 0),
            EosTokenIds = keys.TokenIds("eos_token_id", 2),
        };
    }

    public override ModelLayout Model(DecoderConfig c) =>
        new() { Embedding = new(Prefix + "embed_in", c.VocabSize, c.HiddenSize), FinalNorm = Norm(c, Prefix + "final_layer_norm") };

    public override LayerLayout Layer(DecoderConfig c, int index)
    {
        string name = $"{Prefix}layers.{index}.";
        var inputs = new ProjectionLayout(
            new LinearLayout(name + "attention.query_key_value", 3 * c.HiddenSize, c.HiddenSize, c.AttentionBias)
        )
        {
            Fused = ProjectionLayout.HeadByHead(3, c.Heads, c.HeadDim),
        };
        var output = new LinearLayout(name + "attention.dense", c.HiddenSize, c.HiddenSize, c.AttentionOutputBias);
        var attention = new AttentionLayout(inputs, output)
        {
            Heads = c.Heads,
            KeyValueHeads = c.KeyValueHeads,
            HeadDim = c.HeadDim,
            Rotary = LlamaLayout.Rotary(c, index),
        };
        var mlp = new MlpLayout(
            new ProjectionLayout(new LinearLayout(name + "mlp.dense_h_to_4h", c.IntermediateSize, c.HiddenSize, c.MlpBias)),
            new LinearLayout(name + "mlp.dense_4h_to_h", c.HiddenSize, c.IntermediateSize, c.MlpBias),
            c.Activation
        );
        return new LayerLayout(
            new BranchLayout(attention) { Before = Norm(c, name + "input_layernorm") },
            new BranchLayout(mlp) { Before = Norm(c, name + "post_attention_layernorm") }
        )
        {
            Parallel = c.ParallelResidual,
        };
    }

    private static NormLayout Norm(DecoderConfig c, string name) => LlamaLayout.Norm(c, name, NormKind.Layer);

    private static Activation ReadActivation(ConfigKeys keys) =>
        keys.Text("hidden_act", "gelu") switch
        {
            "gelu" => Activation.Gelu,
            "gelu_new" or "gelu_fast" or "gelu_pytorch_tanh" => Activation.GeluTanh,
            "relu" => Activation.Relu,
            var other => throw keys.Refuse("hidden_act", other, "gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, relu", "Activation"),
        };
}
