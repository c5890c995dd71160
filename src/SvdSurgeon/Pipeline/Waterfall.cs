using SvdSurgeon.Formats;

namespace SvdSurgeon.Pipeline;

/// <summary>
/// Candidates one after the other for one kept fraction, each kept only if it is better than the best before it, on sequences that no statistic has seen, by more
/// than the standard error of the difference. Losses are artifacts, so that a run that was killed does not try again what it has rejected; what was made for a
/// candidate alone is deleted once another is better.
/// </summary>
internal sealed class Waterfall(PipelineContext context, CompressionStages stages, HeldOutSequences heldOut, double ratio)
{
    private const string LossesPart = "losses.safetensors", LossesTensor = "losses";

    private readonly List<AutoStep> _steps = [];
    private readonly HashSet<string> _alive = new(StringComparer.Ordinal);
    private HashSet<string> _bestUses = new(StringComparer.Ordinal);

    /// <summary>What was tried, in order.</summary>
    public IReadOnlyList<AutoStep> Steps => _steps;

    /// <summary>The best options so far.</summary>
    public CompressionOptions Best { get; private set; } = null!;

    /// <summary>Their loss.</summary>
    public HeldOutLoss BestLoss { get; private set; } = HeldOutLoss.Infinite;

    /// <summary>Makes and measures a candidate, and keeps it if it is better.</summary>
    /// <returns>Whether it was kept.</returns>
    public bool Try(string name, CompressionOptions options)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        string stage = $"search {ResultFolder.RatioText(ratio)}";
        context.Progress.Report(new StageProgress(stage, name, _steps.Count, _steps.Count + 1));
        var uses = new HashSet<string>(StringComparer.Ordinal);
        var loss = Measure($"{stage}: {name}", options, uses);
        bool first = _steps.Count == 0, kept = first || loss.IsBetterThan(BestLoss), comparable = !first && double.IsFinite(loss.Mean) && double.IsFinite(BestLoss.Mean);
        var (change, error) = loss.Minus(BestLoss);
        _steps.Add(new AutoStep(name, loss.Mean, kept, comparable ? change : null, comparable ? error : null));
        if (kept) (Best, BestLoss, _bestUses) = (options, loss, uses);
        _alive.UnionWith(uses);
        foreach (string artifact in _alive.Where(a => !_bestUses.Contains(a) && !stages.IsShared(a)).ToList())
        {
            context.Work.Discard(artifact);
            _alive.Remove(artifact);
        }
        return kept;
    }

    private HeldOutLoss Measure(string stage, CompressionOptions options, HashSet<string> uses)
    {
        var inputs = stages.Inputs();
        inputs["held_out"] = heldOut.Hash;
        inputs["ratio"] = ratio;
        inputs["options"] = options.ToJson();
        var artifact = context.Work.Open("held-out", inputs);
        bool known = artifact.Has(LossesPart);
        return context.Timed(stage, known, () =>
        {
            if (known)
            {
                using var file = SafeTensorsFile.Open(artifact.Part(LossesPart));
                return new HeldOutLoss(file[LossesTensor].Doubles().ToArray());
            }
            using var modules = context.Work.Watch(uses, () => stages.Modules(ratio, options));
            var loss = heldOut.Loss(modules.Apply(context.Source));
            SafeTensorsWriter.Write(artifact.Part(LossesPart), [TensorEntry.FromDoubles(LossesTensor, loss.Tokens)]);
            return loss;
        });
    }
}
