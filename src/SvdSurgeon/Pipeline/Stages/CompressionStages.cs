using System.Text.Json.Nodes;
using SvdSurgeon.Calibration;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Fisher;
using SvdSurgeon.Pipeline.Modules;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Stages.Newton;
using SvdSurgeon.Pipeline.States;
using SvdSurgeon.Pipeline.Statistics;

namespace SvdSurgeon.Pipeline.Stages;

/// <summary>
/// The stages of one run in their order: statistics → factors → plan → (columns | sequential pass) → factor update → spectral Fisher →
/// modules. Each is computed once and found again as an artifact; asking for a plan or for modules runs what they depend on.
/// </summary>
internal sealed class CompressionStages(PipelineContext context, TokenSet whitening, TokenSet fisher, TokenSet kl)
{
    private readonly Dictionary<string, ModuleMetric> _metrics = new(StringComparer.Ordinal);
    private readonly HashSet<string> _shared = new(StringComparer.Ordinal);
    private readonly HashSet<string> _fishers = new(StringComparer.Ordinal);

    /// <summary>What all results depend on besides ratio and options, for artifact keys.</summary>
    public JsonObject Inputs() =>
        new()
        {
            ["model"] = context.ModelHash,
            ["tokens"] = whitening.Hash(),
            ["fisher_tokens"] = fisher.Hash(),
            ["kl_tokens"] = kl.Hash(),
        };

    /// <summary>
    /// Whether an artifact serves every ratio and combination: statistics of the dense model and the factors of a method.
    /// </summary>
    public bool IsShared(string artifactFolder) => _shared.Contains(artifactFolder);

    /// <summary>Whether an artifact is a spectral Fisher: it serves every strength of the surgeon on top of the same factors.</summary>
    public bool IsFisher(string artifactFolder) => _fishers.Contains(artifactFolder);

    /// <summary>Ranks and sizes of one kept fraction.</summary>
    public CompressionPlan Plan(double ratio, CompressionOptions options) =>
        CompressionPlan.Of(
            context.Model,
            ratio,
            options,
            new RankEvidence(context, ratio, options, () => Factors(ratio, options), factors => Fisher(factors, options), kl)
        );

    /// <summary>The compressed modules of one kept fraction.</summary>
    public CompressedModules Modules(double ratio, CompressionOptions options)
    {
        var plan = Plan(ratio, options);
        var metric = Metric(ratio, options);
        var factors =
            options.Sequential is not null ? SequentialPass.Run(context, metric, plan, options, whitening)
            : options.Columns is not null ? ColumnFactors.Split(context, metric, Factors(ratio, options), plan, options)
            : Factors(ratio, options);
        if (options.Newton > 0)
            factors = new NewtonCorrection(context, metric, plan, whitening, options with { Surgeon = SurgeonMode.None }).Run(
                factors,
                options.Newton
            );
        if (options.Update)
            factors = UpdatePass.Run(context, factors, plan, options, whitening);
        if (options.Surgeon != SurgeonMode.None && FisherAdvice.TooFewSequences(plan, options, fisher.Sequences) is { } advice)
            context.Warn(advice);
        var source = options.Surgeon == SurgeonMode.None ? null : Fisher(factors, options);
        var means = options.BiasCorrection ? context.Work.Watch(_shared, () => InputStatistics.Collect(context, whitening)) : null;
        return CompressedModules.Build(context, plan, factors, source, means, options, metric);
    }

    private ISpectralFisherSource Fisher(FactorSet factors, CompressionOptions options) =>
        context.Work.Watch<ISpectralFisherSource>(
            _fishers,
            () =>
                options.Fisher == FisherSamples.Tokens
                    ? TokenFisher.Collect(context, factors, fisher)
                    : SpectralGradients.Collect(context, factors, fisher)
        );

    /// <summary>
    /// For every layer the candidate of the sequential pass with the least held-out loss, the first being that of
    /// <paramref name="options"/>.
    /// </summary>
    public int[] ChooseSequential(
        double ratio,
        CompressionOptions options,
        IReadOnlyList<SequentialOptions> candidates,
        HeldOutSequences heldOut
    )
    {
        using var modules = Modules(ratio, options);
        return SequentialPass.Choose(
            context,
            Metric(ratio, options),
            modules.Plan,
            options,
            whitening,
            candidates,
            modules.Apply(context.Source),
            heldOut
        );
    }

    private FactorSet Factors(double ratio, CompressionOptions options)
    {
        var metric = Metric(ratio, options);
        FactorSet Decompose() => FactorSet.Decompose(context, metric, options);
        return options.Refinements > 0 ? Decompose() : context.Work.Watch(_shared, Decompose);
    }

    private ModuleMetric Metric(double ratio, CompressionOptions options)
    {
        if (options.Refinements > 0)
        {
            // C is what the loss is sensitive to; at the compressed model that is something else than at the dense one (docs/methods.md,
            // section 9.8).
            var before = options with
            {
                Refinements = options.Refinements - 1,
                Newton = 0,
                Surgeon = SurgeonMode.None,
            };
            using var modules = Modules(ratio, before);
            return Metric(ratio, before)
                .With(OutputStatistics.Collect(context, whitening, rowFisher: false, (modules.Apply(context.Source), modules.Key)));
        }
        string key = $"{options.Method} {options.Whitening}";
        if (!_metrics.TryGetValue(key, out var metric))
            _metrics[key] = metric = context.Work.Watch(_shared, () => ModuleMetric.Collect(context, options, whitening));
        return metric;
    }
}
