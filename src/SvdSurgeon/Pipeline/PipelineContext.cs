using System.Diagnostics;
using SvdSurgeon.Backends;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;

namespace SvdSurgeon.Pipeline;

/// <summary>What every stage needs: the model, the device, where artifacts are kept, how to report and when to stop.</summary>
/// <param name="Source">The dense model's files.</param>
/// <param name="Model">The dense model.</param>
/// <param name="ModelHash">SHA-256 of its files.</param>
/// <param name="Backend">The device.</param>
/// <param name="Work">The artifacts.</param>
/// <param name="Progress">Where progress goes.</param>
/// <param name="Cancellation">When to stop: between batches, leaving whole artifacts behind.</param>
internal sealed record PipelineContext(
    Checkpoint Source, DecoderModel Model, string ModelHash, IBackend Backend, WorkFolder Work, IProgress<StageProgress> Progress, CancellationToken Cancellation)
{
    private readonly List<StageTime> _times = [];

    /// <summary>Stages so far, in order.</summary>
    public IReadOnlyList<StageTime> Times => _times;

    /// <summary>Runs a stage and keeps its time.</summary>
    public T Timed<T>(string stage, bool reused, Func<T> run)
    {
        var clock = Stopwatch.StartNew();
        T result = run();
        // A stage that others come back to is listed once.
        if (reused && _times.Any(time => time.Name == stage)) return result;
        _times.Add(new StageTime(stage, clock.Elapsed.TotalSeconds, ProcessMemory.PeakMiB(), reused));
        return result;
    }

    /// <summary>Name of the part that holds a layer.</summary>
    public static string LayerPart(int layer) => $"layer.{layer:D4}.safetensors";
}
