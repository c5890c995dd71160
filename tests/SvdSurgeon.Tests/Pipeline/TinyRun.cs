using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Calibration;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>
/// Compresses one of the random golden models (hidden size 32, three layers): fast enough to run every combination of options.
/// </summary>
internal sealed class TinyRun : IDisposable
{
    public const int Length = 24;

    private readonly string _folder = Directory.CreateTempSubdirectory("svdsurgeon-test-").FullName;
    private readonly string? _temporary;

    public TinyRun(string model = "opt")
        : this(Checkpoint.Open(GoldenFiles.Copied("models", model))) { }

    /// <param name="model">The model.</param>
    /// <param name="temporary">Its folder, when it goes with the run.</param>
    public TinyRun(Checkpoint model, string? temporary = null) => (Model, _temporary) = (model, temporary);

    // One thread: other fixtures run on the other cores.
    public CpuBackend Backend { get; } = new(1);
    public Checkpoint Model { get; }
    public string Folder => _folder;

    /// <summary>Random tokens, the same for the same seed.</summary>
    public TokenSet Tokens(int sequences, int seed = 1)
    {
        var random = new Random(seed);
        return new TokenSet(
            [.. Enumerable.Range(0, sequences * Length).Select(_ => random.Next(Model.Config.VocabSize))],
            sequences,
            Length
        );
    }

    /// <summary>What the stages of the pipeline work with.</summary>
    public PipelineContext Context() =>
        new(
            Model,
            DecoderModel.Load(Model),
            ModelHash.Of(Model, default),
            Backend,
            new WorkFolder(Path.Combine(_folder, "work")),
            new Progress<StageProgress>(),
            CancellationToken.None
        );

    /// <summary>Compresses in a folder that all calls share, so that statistics are shared too.</summary>
    public CompressedModel Compress(CompressionOptions options, int sequences = 8, string name = "out", bool evaluate = true) =>
        Run(options, sequences, name, evaluate ? () => TokenWindows.FromText(Tokens(4, seed: 2).Ids, Length, 0) : null).Models[0];

    /// <summary>The same, with windows of the caller's and all that the run says.</summary>
    public CompressionResult Run(CompressionOptions options, int sequences, string name, Func<TokenWindows>? evaluation = null) =>
        Compressor.Run(
            new CompressionJob
            {
                Model = Model,
                Options = options,
                Calibration = Tokens(sequences),
                Evaluation = evaluation,
                OutputFolder = Path.Combine(_folder, name),
                WorkFolder = Path.Combine(_folder, "work"),
            },
            Backend
        );

    public void Dispose()
    {
        Model.Dispose();
        Backend.Dispose();
        Directory.Delete(_folder, recursive: true);
        if (_temporary is not null)
            Directory.Delete(_temporary, recursive: true);
    }
}
