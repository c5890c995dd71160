using System.Diagnostics;
using System.Text.Json.Nodes;
using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Shares;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Running;

/// <summary>What every stage needs: the model, the device, where artifacts are kept, how to report and when to stop.</summary>
/// <param name="Source">The dense model's files.</param>
/// <param name="Model">The dense model.</param>
/// <param name="ModelHash">SHA-256 of its files.</param>
/// <param name="Backend">The device.</param>
/// <param name="Work">The artifacts.</param>
/// <param name="Progress">Where progress goes.</param>
/// <param name="Cancellation">When to stop: between batches, leaving whole artifacts behind.</param>
internal sealed record PipelineContext(
    Checkpoint Source,
    DecoderModel Model,
    string ModelHash,
    IBackend Backend,
    WorkFolder Work,
    IProgress<StageProgress> Progress,
    CancellationToken Cancellation
)
{
    private readonly List<StageTime> _times = [];
    private double _within;
    private readonly List<string> _warnings = [];

    /// <summary>Bytes that the run may take, all in all.</summary>
    public long Memory { get; init; } = ProcessMemory.Available;

    /// <summary>Who makes pieces of work.</summary>
    public IWorkSharing Sharing => Work.Sharing;

    /// <summary>The share of the statistics that this run collects; null for all.</summary>
    public Shard? Shard { get; init; }

    /// <summary>What every run begins with: the model is checked and loaded, the calibration data checked against it.</summary>
    /// <exception cref="InvalidInputException">The calibration data does not fit the model.</exception>
    /// <exception cref="InvalidModelException">The model is compressed already, damaged or not supported, or a weight is too large for the
    /// type that <paramref name="written"/> gives for its own.</exception>
    public static PipelineContext Start(
        Checkpoint source,
        TokenSet calibration,
        WorkFolder work,
        IBackend backend,
        long? memory,
        IProgress<StageProgress>? progress,
        CancellationToken cancellation,
        Func<DType, DType>? written = null
    )
    {
        if (source.Compression is not null)
            throw new InvalidModelException($"{source.Path} is already compressed. Compress the dense model instead.");
        var model = DecoderModel.Load(source);
        calibration.Validate(model.Config.VocabSize, model.Config.MaxPositions, "calibration data");
        FiniteWeights.Require(source, cancellation, written);
        var context = new PipelineContext(
            source,
            model,
            Artifacts.ModelHash.Of(source, cancellation),
            backend,
            work,
            progress ?? new Progress<StageProgress>(),
            cancellation
        )
        {
            Memory = memory ?? ProcessMemory.Available,
        };
        work.Warn = context.Warn;
        work.Sharing.RequireModel(source.Path, context.ModelHash);
        foreach (string warning in source.Warnings)
            context.Warn(warning);
        return context;
    }

    /// <summary>What statistics of <paramref name="tokens"/> depend on, for artifact keys.</summary>
    public JsonObject Inputs(TokenSet tokens) =>
        new()
        {
            ["model"] = ModelHash,
            ["layers"] = Model.Layers.Count,
            ["tokens"] = tokens.Hash(),
            ["sequences"] = tokens.Sequences,
            ["length"] = tokens.Length,
        };

    /// <summary>How a backward pass uses memory: layers are computed again where keeping their activations would take too much.</summary>
    public PassOptions Pass(int sequenceLength)
    {
        var options = new PassOptions { TokensAtOnce = SequenceBlocks.TokensAtOnce };
        return options.ActivationBytes(Model, sequenceLength) > Memory / 8 ? options with { Recompute = true } : options;
    }

    /// <summary>Stages so far, in order.</summary>
    public IReadOnlyList<StageTime> Times => _times;

    /// <summary>What the user should know of the result, each sentence once.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Keeps a warning and reports it as progress, so that whoever watches may stop here.</summary>
    public void Warn(string sentence)
    {
        if (_warnings.Contains(sentence))
            return;
        _warnings.Add(sentence);
        Progress.Report(new StageProgress(StageProgress.Warning, sentence, 0, 1));
    }

    /// <summary>
    /// Runs a stage and keeps its time, without that of the stages within it, so that all times together are the wall time.
    /// </summary>
    public T Timed<T>(string stage, bool reused, Func<T> run)
    {
        double outside = _within;
        _within = 0;
        var clock = Stopwatch.StartNew();
        T result = run();
        double seconds = clock.Elapsed.TotalSeconds,
            own = seconds - _within;
        _within = outside + seconds;
        // A stage that others come back to, or that was done together with another, is listed once.
        int listed = _times.FindIndex(time => time.Name == stage ? reused : time.Name.Split('+').Contains(stage));
        if (listed < 0)
            _times.Add(new StageTime(stage, own, ProcessMemory.PeakMiB(), reused));
        else
            _times[listed] = _times[listed] with { Seconds = _times[listed].Seconds + own };
        return result;
    }
}
