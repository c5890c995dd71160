using SvdSurgeon.Backends;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Fisher;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Statistics;

namespace SvdSurgeon.Pipeline;

/// <summary>Collects the statistics that a compression with the same options then finds.</summary>
internal static class StatisticsCollector
{
    /// <summary>Runs the job.</summary>
    /// <param name="job">What to do.</param>
    /// <param name="backend">The device.</param>
    /// <param name="progress">Where progress goes, or null.</param>
    /// <param name="cancellation">Stops between batches; the same job resumes.</param>
    /// <exception cref="InvalidInputException">An option or the calibration data cannot be used.</exception>
    /// <exception cref="InvalidModelException">The model is damaged or not supported.</exception>
    /// <exception cref="NumericalException">A number is not finite.</exception>
    public static StatisticsResult Run(
        StatisticsJob job,
        IBackend backend,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        var options = job.Options;
        options.Validate();
        var split = CalibrationSplit.Of(options, job.Calibration);
        var work = new WorkFolder(job.WorkFolder, option: "--out") { Sharing = job.Sharing };
        work.EnsureFree(job.Shard);
        var context = PipelineContext.Start(job.Model, job.Calibration, work, backend, job.Memory, progress, cancellation) with
        {
            Shard = job.Shard,
        };
        using var inUse = work.Claim(job.Shard);
        var artifacts = new List<Artifact>();
        string? next = Collect(context, options, split, artifacts);
        return new StatisticsResult(
            [.. artifacts.Select(artifact => StoredArtifact.Open(artifact.Folder))],
            context.Times,
            next,
            context.Warnings
        );
    }

    private static string? Collect(PipelineContext context, CompressionOptions options, CalibrationSplit split, List<Artifact> artifacts)
    {
        var dense = DenseStatistics.Collect(context, options.Method, split.Whitening);
        // The mean inputs of a correction are kept with the Gram matrices, whatever the method.
        var inputs = dense.Inputs ?? (options.BiasCorrection ? InputStatistics.Collect(context, split.Whitening) : null);
        if (inputs is not null)
            artifacts.Add(inputs.Artifact);
        if (dense.Outputs is not null)
            artifacts.Add(dense.Outputs.Artifact);
        bool complete = artifacts.All(artifact => StoredArtifact.Open(artifact.Folder).IsComplete);
        const string merge = "Merge the folders of all shards with 'svdsurgeon merge'";
        var (along, later) = FisherOf(options);
        string? remaining = later is null ? null : $"The spectral Fisher {later}; compress collects it.";
        if (!along)
            return complete ? remaining : Join(merge + ".", remaining);
        // The Fisher is taken along the factors, and those need the whole statistics.
        if (!complete)
            return Join(merge + ", then collect the shares of the spectral Fisher in copies of the merged folder.", remaining);
        var factors = FactorSet.Decompose(context, ModuleMetric.Collect(context, options, split.Whitening), options);
        var fisher =
            options.Fisher == FisherSamples.Tokens
                ? TokenFisher.Collect(context, factors, split.Fisher).Artifact
                : SpectralGradients.Collect(context, factors, split.Fisher).Artifact;
        artifacts.Add(fisher);
        return StoredArtifact.Open(fisher.Folder).IsComplete ? remaining : Join(merge + ".", remaining);
    }

    // Whether compress takes a Fisher along the factors of the dense model, and why it takes one later that cannot be collected here.
    private static (bool Along, string? Later) FisherOf(CompressionOptions options)
    {
        bool surgeon = options.Surgeon != SurgeonMode.None,
            allocation = options.Allocate.NeedsFisher;
        if (!surgeon && !allocation)
            return (false, null);
        if (options.Searches)
            return (false, "of a search follows from what it has chosen before");
        if (options.Refinements > 0)
            return (false, "depends on the kept fraction with --refine");
        string? passes =
            options.Columns is not null ? "--columns"
            : options.Sequential is not null ? "--sequential"
            : options.Update ? "--update"
            : options.Newton > 0 ? "--newton"
            : null;
        return (
            allocation || passes is null,
            surgeon && passes is not null ? $"of the surgeon depends on the kept fraction with {passes}" : null
        );
    }

    private static string Join(string first, string? second) => second is null ? first : $"{first} {second}";
}
