using SvdSurgeon.Calibration;

namespace SvdSurgeon.Pipeline;

/// <summary>
/// The stages of one run in their order: statistics → factors → plan → (columns | sequential pass) → spectral Fisher → modules. Each is computed once
/// and found again as an artifact; asking for a plan or for modules runs what they depend on.
/// </summary>
internal sealed class CompressionStages(PipelineContext context, TokenSet whitening, TokenSet fisher)
{
    private readonly Dictionary<string, ModuleMetric> _metrics = new(StringComparer.Ordinal);

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

    private FactorSet Factors(double ratio, CompressionOptions options) =>
        FactorSet.Decompose(context, Metric(ratio, options), options.Storage, options.SurgeonOptions.PoolFraction);

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
        if (!_metrics.TryGetValue(key, out var metric)) _metrics[key] = metric = ModuleMetric.Collect(context, options, whitening);
        return metric;
    }
}
