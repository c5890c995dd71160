using System.Text.Json.Nodes;
using SvdSurgeon.Calibration;

namespace SvdSurgeon.Pipeline;

/// <summary>
/// The stages of one run in their order: statistics → factors → plan → (columns | sequential pass) → spectral Fisher → modules. Each is computed once
/// and found again as an artifact; asking for a plan or for modules runs what they depend on.
/// </summary>
internal sealed class CompressionStages(PipelineContext context, TokenSet whitening, TokenSet fisher)
{
    private readonly Dictionary<string, ModuleMetric> _metrics = new(StringComparer.Ordinal);
    private readonly HashSet<string> _shared = new(StringComparer.Ordinal);

    /// <summary>What all results depend on besides ratio and options, for artifact keys.</summary>
    public JsonObject Inputs() => new() { ["model"] = context.ModelHash, ["tokens"] = whitening.Hash(), ["fisher_tokens"] = fisher.Hash() };

    /// <summary>Whether an artifact serves every ratio and combination: statistics of the dense model and the factors of a method.</summary>
    public bool IsShared(string artifactFolder) => _shared.Contains(artifactFolder);

    /// <summary>Ranks and sizes of one kept fraction.</summary>
    public CompressionPlan Plan(double ratio, CompressionOptions options) => options.Allocate == AllocationRule.Uniform
        ? CompressionPlan.Uniform(context.Model, ratio, options)
        : CompressionPlan.FromSpectrum(context.Model, ratio, options, Factors(ratio, options).Spectra(context.Model));

    /// <summary>The compressed modules of one kept fraction.</summary>
    public CompressedModules Modules(double ratio, CompressionOptions options)
    {
        var plan = Plan(ratio, options);
        var metric = Metric(ratio, options);
        var factors = options.Sequential is not null ? SequentialPass.Run(context, metric, plan, options, whitening)
            : options.Columns is not null ? ColumnFactors.Split(context, metric, Factors(ratio, options), plan, options)
            : Factors(ratio, options);
        ISpectralFisherSource? source = options.Surgeon == SurgeonMode.None ? null
            : options.Fisher == FisherSamples.Tokens ? TokenFisher.Collect(context, factors, fisher)
            : SpectralGradients.Collect(context, factors, fisher);
        return CompressedModules.Build(context, plan, factors, source, options);
    }

    private FactorSet Factors(double ratio, CompressionOptions options)
    {
        var metric = Metric(ratio, options);
        FactorSet Decompose() => FactorSet.Decompose(context, metric, options.Storage, options.SurgeonOptions.PoolFraction);
        return options.Refinements > 0 ? Decompose() : context.Work.Watch(_shared, Decompose);
    }

    private ModuleMetric Metric(double ratio, CompressionOptions options)
    {
        if (options.Refinements > 0)
        {
            // C is what the loss is sensitive to; at the compressed model that is something else than at the dense one (METHODS.md, section 9.8).
            var before = options with { Refinements = options.Refinements - 1, Surgeon = SurgeonMode.None };
            using var modules = Modules(ratio, before);
            return Metric(ratio, before).With(OutputStatistics.Collect(context, whitening, rowFisher: false, modules));
        }
        string key = $"{options.Method} {options.Whitening}";
        if (!_metrics.TryGetValue(key, out var metric)) _metrics[key] = metric = context.Work.Watch(_shared, () => ModuleMetric.Collect(context, options, whitening));
        return metric;
    }
}
