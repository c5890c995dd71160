using SvdSurgeon.Calibration;

namespace SvdSurgeon.Pipeline;

/// <summary>
/// The stages of one run in their order: statistics → factors → plan → (columns | sequential pass) → spectral Fisher → modules. Each is computed once
/// and found again as an artifact; asking for a plan or for modules runs what they depend on.
/// </summary>
internal sealed class CompressionStages(PipelineContext context, TokenSet whitening, TokenSet fisher)
{
    private readonly Dictionary<string, ModuleMetric> _metrics = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FactorSet> _factors = new(StringComparer.Ordinal);

    /// <summary>Ranks and sizes of one kept fraction.</summary>
    public CompressionPlan Plan(double ratio, CompressionOptions options) => options.Allocate == AllocationRule.Uniform
        ? CompressionPlan.Uniform(context.Model, ratio, options)
        : CompressionPlan.FromSpectrum(context.Model, ratio, options, Factors(options).Spectra(context.Model));

    /// <summary>The compressed modules of a plan.</summary>
    public CompressedModules Modules(CompressionPlan plan, CompressionOptions options)
    {
        var factors = Factors(options);
        if (options.Columns is not null) factors = ColumnFactors.Split(context, Metric(options), factors, plan, options);
        if (options.Sequential is not null) factors = SequentialPass.Run(context, Metric(options), plan, options, whitening);
        ISpectralFisherSource? source = options.Surgeon == SurgeonMode.None ? null
            : options.Fisher == FisherSamples.Tokens ? TokenFisher.Collect(context, factors, fisher)
            : SpectralGradients.Collect(context, factors, fisher);
        return CompressedModules.Build(context, plan, factors, source, options);
    }

    private ModuleMetric Metric(CompressionOptions options)
    {
        string key = $"{options.Method} {options.Whitening}";
        if (!_metrics.TryGetValue(key, out var metric)) _metrics[key] = metric = ModuleMetric.Collect(context, options, whitening);
        return metric;
    }

    private FactorSet Factors(CompressionOptions options)
    {
        string key = $"{options.Method} {options.Whitening} {options.Storage} {options.SurgeonOptions.PoolFraction}";
        if (!_factors.TryGetValue(key, out var factors))
            _factors[key] = factors = FactorSet.Decompose(context, Metric(options), options.Storage, options.SurgeonOptions.PoolFraction);
        return factors;
    }
}
