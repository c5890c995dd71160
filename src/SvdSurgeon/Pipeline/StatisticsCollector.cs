using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.Formats;

namespace SvdSurgeon.Pipeline;

/// <summary>One collection of statistics: what the options of a later compression need, from all calibration sequences or from a share of them.</summary>
public sealed record StatisticsJob
{
    /// <summary>The dense model.</summary>
    public required Checkpoint Model { get; init; }
    /// <summary>The options of the compression.</summary>
    public required CompressionOptions Options { get; init; }
    /// <summary>All calibration sequences, as for the compression, also where a shard is collected.</summary>
    public required TokenSet Calibration { get; init; }
    /// <summary>Where artifacts are kept.</summary>
    public required string WorkFolder { get; init; }
    /// <summary>The share to collect; null for all.</summary>
    public Shard? Shard { get; init; }
    /// <summary>Bytes that the run may take; null for what the process may use.</summary>
    public long? Memory { get; init; }
}

/// <summary>What was collected.</summary>
/// <param name="Artifacts">The statistics in the work folder that belong to the options.</param>
/// <param name="Stages">Times and memory.</param>
/// <param name="Next">What remains to be done before everything is there; null when nothing is.</param>
public sealed record StatisticsResult(IReadOnlyList<StoredArtifact> Artifacts, IReadOnlyList<StageTime> Stages, string? Next);

/// <summary>Collects the statistics that a compression with the same options then finds.</summary>
public static class StatisticsCollector
{
    /// <summary>Runs the job.</summary>
    /// <param name="job">What to do.</param>
    /// <param name="backend">The device.</param>
    /// <param name="progress">Where progress goes, or null.</param>
    /// <param name="cancellation">Stops between batches; the same job resumes.</param>
    /// <exception cref="InvalidInputException">An option or the calibration data cannot be used.</exception>
    /// <exception cref="InvalidModelException">The model is damaged or not supported.</exception>
    /// <exception cref="NumericalException">A number is not finite.</exception>
    public static StatisticsResult Run(StatisticsJob job, IBackend backend, IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        var options = job.Options;
        options.Validate();
        var split = CalibrationSplit.Of(options, job.Calibration);
        var context = PipelineContext.Start(job.Model, job.Calibration, new WorkFolder(job.WorkFolder), backend, job.Memory, progress, cancellation) with { Shard = job.Shard };
        var artifacts = new List<Artifact>();
        string? next = Collect(context, options, split, artifacts);
        return new StatisticsResult([.. artifacts.Select(artifact => StoredArtifact.Open(artifact.Folder))], context.Times, next);
    }

    private static string? Collect(PipelineContext context, CompressionOptions options, CalibrationSplit split, List<Artifact> artifacts)
    {
        var dense = DenseStatistics.Collect(context, options.Method, split.Whitening);
        if (dense.Inputs is not null) artifacts.Add(dense.Inputs.Artifact);
        if (dense.Outputs is not null) artifacts.Add(dense.Outputs.Artifact);
        bool complete = artifacts.All(artifact => StoredArtifact.Open(artifact.Folder).IsComplete);
        const string merge = "Merge the folders of all shards with 'svdsurgeon merge'";
        bool fisherNeeded = options.Surgeon != SurgeonMode.None || options.Allocate == AllocationRule.Fisher;
        if (!fisherNeeded || options.Method == CompressionMethod.Auto) return complete ? null : merge + ".";
        if (options.Columns is not null || options.Sequential is not null || options.Refinements > 0)
            return (complete ? "" : merge + ". ") + "The spectral Fisher depends on the kept fraction with these options; compress collects it.";
        // The Fisher is taken along the factors, and those need the whole statistics.
        if (!complete) return merge + ", then collect the shares of the spectral Fisher in copies of the merged folder.";
        var factors = FactorSet.Decompose(context, ModuleMetric.Collect(context, options, split.Whitening), options.Storage, options.SurgeonOptions.PoolFraction);
        var fisher = options.Fisher == FisherSamples.Tokens ? TokenFisher.Collect(context, factors, split.Fisher).Artifact : SpectralGradients.Collect(context, factors, split.Fisher).Artifact;
        artifacts.Add(fisher);
        return StoredArtifact.Open(fisher.Folder).IsComplete ? null : merge + ".";
    }
}
