using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.Architectures.Llama;

namespace SvdSurgeon.Architectures.Gemma;

/// <summary>The layers of Gemma 2 and 3: LLaMA's blocks between two norms each, x + norm(block(norm x)); norms multiply by 1 + w.</summary>
internal static class GemmaLayout
{
    /// <summary>Embedding and final norm.</summary>
    public static ModelLayout Model(DecoderConfig config) => LlamaLayout.Model(config) with { FinalNorm = Norm(config, "model.norm") };

    /// <summary>A layer around the given attention.</summary>
    public static LayerLayout Layer(DecoderConfig config, int index, AttentionLayout attention)
    {
        string name = LlamaLayout.LayerName(index);
        return new LayerLayout(
            new BranchLayout(attention)
            {
                Before = Norm(config, name + "input_layernorm"),
                After = Norm(config, name + "post_attention_layernorm"),
            },
            new BranchLayout(LlamaLayout.Mlp(config, index))
            {
                Before = Norm(config, name + "pre_feedforward_layernorm"),
                After = Norm(config, name + "post_feedforward_layernorm"),
            }
        );
    }

    private static NormLayout Norm(DecoderConfig config, string name) => LlamaLayout.Norm(config, name, NormKind.RmsPlusOne);
}
