using System.Text.Json.Nodes;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Modules;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Shares;
using SvdSurgeon.Pipeline.Stages;
using SvdSurgeon.Pipeline.States;

namespace SvdSurgeon.Pipeline.Search;

/// <summary>
/// Candidates one after the other for one kept fraction, each kept only if it is better than the best before it, on sequences that no
/// statistic has seen: what is fitted by more than the standard error of the difference, another form of the same size at all. Losses are
/// artifacts, so that a run that was killed does not try again what it has rejected; what was made for a candidate alone is deleted once
/// another is better.
/// </summary>
internal sealed class Waterfall(PipelineContext context, CompressionStages stages, HeldOutSequences heldOut, double ratio)
{
    private const string ChoicePart = "choice.safetensors",
        ChoiceTensor = "choice";

    private readonly List<AutoStep> _steps = [];
    private readonly HashSet<string> _alive = new(StringComparer.Ordinal);
    private HashSet<string> _bestUses = new(StringComparer.Ordinal);
    private Predicate<string> _spared = _ => false;

    /// <summary>The model caps its logits.</summary>
    public bool CapsLogits => context.Model.Config.LogitSoftCap > 0;

    /// <summary>What was tried, in order.</summary>
    public IReadOnlyList<AutoStep> Steps => _steps;

    /// <summary>The best options so far.</summary>
    public CompressionOptions Best { get; private set; } = null!;

    /// <summary>Their loss.</summary>
    public HeldOutLoss BestLoss { get; private set; } = HeldOutLoss.Infinite;

    /// <summary>
    /// Makes and measures something fitted, and keeps it if it is better by more than the standard error: what it fits may be these
    /// sequences' noise.
    /// </summary>
    /// <returns>Whether it was kept.</returns>
    public bool Try(string name, CompressionOptions options) => Try(name, options, loss => loss.IsBetterThan(BestLoss));

    /// <summary>
    /// Makes and measures another form of the same size, such as more ranks for the same numbers, and keeps it if the mean is better: it
    /// costs nothing.
    /// </summary>
    /// <returns>Whether it was kept.</returns>
    public bool TryForm(string name, CompressionOptions options) => Try(name, options, loss => loss.Mean < BestLoss.Mean);

    private bool Try(string name, CompressionOptions options, Predicate<HeldOutLoss> isBetter)
    {
        Begin(name);
        var uses = new HashSet<string>(StringComparer.Ordinal);
        var loss = Measure($"{Stage}: {name}", options, uses);
        bool first = _steps.Count == 0,
            kept = first || isBetter(loss),
            comparable = !first && double.IsFinite(loss.Mean) && double.IsFinite(BestLoss.Mean);
        var (change, error) = loss.Minus(BestLoss);
        _steps.Add(new AutoStep(name, loss.Mean, kept, comparable ? change : null, comparable ? error : null));
        if (kept)
            (Best, BestLoss, _bestUses) = (options, loss, uses);
        _alive.UnionWith(uses);
        Sweep();
        return kept;
    }

    /// <summary>Tries candidates that are made from one spectral Fisher: it is kept until all of them have been tried.</summary>
    public void WithOneFisher(Action tries) => Sparing(stages.IsFisher, tries);

    /// <summary>Tries candidates of which each goes on from the one before: nothing is deleted until all of them have been tried.</summary>
    public void OneFromAnother(Action tries) => Sparing(_ => true, tries);

    /// <summary>
    /// Tries whether layers should differ: layer by layer in order, each takes the variant with the least loss, those after it as they are
    /// in the best so far. Hidden states stand in front of the layer, so that only later layers run again.
    /// </summary>
    /// <param name="name">Of the step.</param>
    /// <param name="variants">Options of equal ranks, the best so far first.</param>
    /// <param name="combine">Options from the variant of each layer.</param>
    public void TryByLayer(string name, IReadOnlyList<CompressionOptions> variants, Func<IReadOnlyList<int>, CompressionOptions> combine)
    {
        Begin(name);
        int[] choice = Choice(
            name,
            [.. variants.Select(v => (JsonNode)v.ToJson())],
            uses =>
            {
                var modules = variants.Select(v => context.Work.Watch(uses, () => stages.Modules(ratio, v))).ToList();
                int[] chosen = Choose(modules);
                foreach (var m in modules)
                    m.Dispose();
                return chosen;
            }
        );
        if (choice.Any(c => c != 0))
            Try(name, combine(choice));
    }

    /// <summary>The same for the sequential pass, in which a layer's choice moves what the later ones are fitted to.</summary>
    /// <param name="name">Of the step.</param>
    /// <param name="candidates">The best so far first.</param>
    public void TrySequentialByLayer(string name, IReadOnlyList<SequentialOptions> candidates)
    {
        Begin(name);
        int[] choice = Choice(
            name,
            [(JsonNode)Best.ToJson(), .. candidates.Select(JsonNode (c) => StructuredOptions.Json(c))],
            uses => context.Work.Watch(uses, () => stages.ChooseSequential(ratio, Best, candidates, heldOut))
        );
        if (choice.Any(c => c != 0))
            Try(name, Best with { SequentialByLayer = [.. choice.Select(c => candidates[c])] });
    }

    private string Stage => $"search {CompressionPlan.RatioText(ratio)}";

    private void Begin(string name)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        context.Progress.Report(new StageProgress(Stage, name, _steps.Count, _steps.Count + 1));
    }

    private void Sparing(Predicate<string> artifacts, Action tries)
    {
        _spared = artifacts;
        tries();
        _spared = _ => false;
        Sweep();
    }

    // Deletes what was made for candidates that are not the best.
    private void Sweep()
    {
        foreach (string artifact in _alive.Where(a => !_bestUses.Contains(a) && !stages.IsShared(a) && !_spared(a)).ToList())
        {
            context.Work.Discard(artifact);
            _alive.Remove(artifact);
        }
    }

    private int[] Choose(IReadOnlyList<CompressedModules> variants)
    {
        var model = variants[0].Apply(context.Source);
        using var states = heldOut.Embed(model);
        var best = states.Loss(model);
        var choice = new int[model.Layers.Count];
        for (int layer = 0; layer < choice.Length; layer++)
        {
            for (int v = 1; v < variants.Count; v++)
            {
                variants[v].Apply(model, layer);
                var loss = states.Loss(model);
                if (loss.IsBetterThan(best))
                    (best, choice[layer]) = (loss, v);
            }
            variants[choice[layer]].Apply(model, layer);
            states.Advance(model);
        }
        return choice;
    }

    private int[] Choice(string name, JsonArray of, Func<HashSet<string>, int[]> choose)
    {
        var inputs = Inputs();
        inputs["of"] = of;
        var artifact = context.Work.Open(StageNames.Choice, inputs);
        bool known = artifact.Has(ChoicePart);
        return context.Timed<int[]>(
            $"{Stage}: choosing {name}",
            known,
            () =>
            {
                if (!known)
                {
                    // Each layer waits for the choice before it: one process makes all of them.
                    var uses = new HashSet<string>(StringComparer.Ordinal);
                    context.Sharing.Run([
                        Piece.Of(
                            artifact.Part(ChoicePart),
                            () =>
                                artifact.Write(
                                    ChoicePart,
                                    [TensorEntry.FromDoubles(ChoiceTensor, choose(uses).Select(c => (double)c).ToArray())]
                                )
                        ),
                    ]);
                    _alive.UnionWith(uses);
                    Sweep();
                }
                using var file = SafeTensorsFile.Open(artifact.Part(ChoicePart));
                return [.. file[ChoiceTensor].Doubles().ToArray().Select(c => (int)c)];
            }
        );
    }

    private JsonObject Inputs()
    {
        var inputs = stages.Inputs();
        inputs["held_out"] = heldOut.Hash;
        inputs["ratio"] = ratio;
        return inputs;
    }

    private HeldOutLoss Measure(string stage, CompressionOptions options, HashSet<string> uses)
    {
        var inputs = Inputs();
        ArtifactOptions.Add(inputs, StageNames.HeldOut, options);
        var artifact = context.Work.Open(StageNames.HeldOut, inputs);
        var known = HeldOutSequences.Find(artifact);
        return context.Timed(
            stage,
            known is not null,
            () =>
            {
                if (known is not null)
                    return known;
                using var modules = context.Work.Watch(uses, () => stages.Modules(ratio, options));
                return heldOut.Loss(modules.Apply(context.Source), artifact);
            }
        );
    }
}
