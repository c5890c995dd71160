using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline;

/// <summary>What was collected.</summary>
/// <param name="Artifacts">The statistics in the work folder that belong to the options.</param>
/// <param name="Stages">Times and memory.</param>
/// <param name="Next">What remains to be done before everything is there; null when nothing is.</param>
/// <param name="Warnings">What the user should know of the input.</param>
internal sealed record StatisticsResult(
    IReadOnlyList<StoredArtifact> Artifacts,
    IReadOnlyList<StageTime> Stages,
    string? Next,
    IReadOnlyList<string> Warnings
);
