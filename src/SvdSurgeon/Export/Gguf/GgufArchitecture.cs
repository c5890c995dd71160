using SvdSurgeon.Architectures;

namespace SvdSurgeon.Export.Gguf;

/// <summary>What llama.cpp calls a family, and how its tensors differ from Hugging Face's.</summary>
/// <param name="Name">general.architecture, and the prefix of its metadata.</param>
/// <param name="PairsRotaryRows">Rows of q and k are stored with the two rotary halves of a head interleaved.</param>
/// <param name="Biases">Modules that may have a bias there; llama.cpp loads exactly the tensors that it knows.</param>
internal sealed record GgufArchitecture(string Name, bool PairsRotaryRows, IReadOnlyList<string> Biases)
{
    /// <summary>The family's names and habits; null for LLaMA's and Qwen's.</summary>
    public GgufDialect? Dialect { get; private init; }

    private static readonly string[] s_attentionInputs = ["q_proj", "k_proj", "v_proj"];
    private static readonly string[] s_all = [.. s_attentionInputs, "o_proj", "gate_proj", "up_proj", "down_proj"];

    /// <summary>The architecture of a model.</summary>
    /// <exception cref="InvalidModelException">llama.cpp has none for it.</exception>
    public static GgufArchitecture Of(DecoderConfig config, string path) =>
        config.ModelType switch
        {
            "llama" or "mistral" => new("llama", PairsRotaryRows: true, s_all),
            "qwen2" => new("qwen2", PairsRotaryRows: false, s_attentionInputs),
            "qwen3" => new("qwen3", PairsRotaryRows: false, []),
            "opt" => throw new InvalidModelException(
                $"{path}: llama.cpp has no architecture for opt, so no GGUF file of it would run anywhere. "
                    + "Use --format onnx (ONNX Runtime GenAI) or --format hf (transformers)."
            ),
            var other => ArchitectureRegistry.Of(config).Gguf is { } dialect
                ? new(dialect.Architecture, dialect.PairsRotaryRows, BiasesOf(other)) { Dialect = dialect }
                : throw new InvalidModelException(
                    $"{path}: {other} is not written as GGUF. Use --format onnx (ONNX Runtime GenAI) or --format hf (transformers)."
                ),
        };

    private static string[] BiasesOf(string modelType) =>
        modelType switch
        {
            "granite" => s_all,
            "stablelm" => s_attentionInputs,
            _ => [],
        };

    /// <summary>Refuses a bias that llama.cpp would not load.</summary>
    /// <exception cref="InvalidModelException">The module has one, and the architecture has no place for it.</exception>
    public void RequirePlaceForBias(string module, string path)
    {
        if (!Biases.Contains(module[(module.LastIndexOf('.') + 1)..]))
            throw new InvalidModelException(
                $"{path}: {module} has a bias, and llama.cpp's {Name} has no place for it. "
                    + "Compress without --bias-correction, or use --format onnx or --format hf."
            );
    }

    /// <summary>Row of Hugging Face's q or k that is row i of llama.cpp's: row 2i + j of a head is row j·d/2 + i.</summary>
    public static int[] RotaryOrder(int heads, int headDim)
    {
        var order = new int[heads * headDim];
        for (int head = 0; head < heads; head++)
        for (int i = 0; i < headDim / 2; i++)
        for (int part = 0; part < 2; part++)
            order[head * headDim + 2 * i + part] = head * headDim + part * (headDim / 2) + i;
        return order;
    }
}
