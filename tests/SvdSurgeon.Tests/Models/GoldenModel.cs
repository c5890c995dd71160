using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Models;

namespace SvdSurgeon.Tests.Models;

/// <summary>
/// One of the random models of golden/models with its float64 logits, hidden states and gradients (Hugging Face transformers).
/// </summary>
internal sealed unsafe class GoldenModel : IDisposable
{
    /// <summary>Opt, LLaMA, Mistral, Qwen: most kernels are in one of them, so they run in every form of them.</summary>
    public static readonly string[] First =
    [
        "opt",
        "opt-nobias-gelu",
        "opt-postnorm-projected",
        "llama-mha",
        "llama-gqa-tied",
        "llama-headdim-bias",
        "llama-linear-rope",
        "llama3-rope",
        "mistral-window",
        "qwen2",
        "qwen3",
    ];

    /// <summary>The other families, which have few kernels of their own: gemma2 and gptneox use all of these.</summary>
    public static readonly string[] Later =
    [
        "gemma2",
        "gemma3-text",
        "gptneox",
        "gptneox-sequential",
        "granite",
        "olmo2",
        "phi3",
        "phi3-partial",
        "smollm3",
        "stablelm",
    ];

    /// <summary>Every branch of the forward and backward pass is in one of them.</summary>
    public static IEnumerable<string> All => First.Concat(Later);

    private readonly SafeTensorsFile _golden;

    public GoldenModel(string name)
    {
        string copied = GoldenFiles.Copied("models", name);
        string folder = File.Exists(Path.Combine(copied, "golden.safetensors")) ? copied : GoldenFiles.Shared("golden", "models", name);
        Checkpoint = Checkpoint.Open(folder);
        Model = DecoderModel.Load(Checkpoint);
        _golden = SafeTensorsFile.Open(Path.Combine(folder, "golden.safetensors"));
        var ids = _golden["input_ids"];
        Ids = new ReadOnlySpan<int>((void*)ids.Address, checked((int)ids.Count)).ToArray();
        Losses = new ReadOnlySpan<double>((void*)_golden["loss"].Address, Sequences).ToArray();
    }

    public const int Sequences = 2;
    public const int SequenceLength = 24;

    public Checkpoint Checkpoint { get; }
    public DecoderModel Model { get; }
    public int[] Ids { get; }
    public double[] Losses { get; }

    /// <summary>The copies beside the tests of the later families leave out the second sequence's, to stay small.</summary>
    public bool HasGradients(int sequence) =>
        sequence == 0 || _golden.Tensors.Keys.Any(key => key.StartsWith($"grad.{sequence}.", StringComparison.Ordinal));

    public bool Has(string entry) => _golden.Tensors.ContainsKey(entry);

    public float[] Values(string entry) => _golden[entry].ToSingles();

    public void Dispose()
    {
        _golden.Dispose();
        Checkpoint.Dispose();
    }
}
