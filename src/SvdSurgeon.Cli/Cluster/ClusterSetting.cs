using SvdSurgeon.Backends;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline.Artifacts;

namespace SvdSurgeon.Cli.Cluster;

/// <summary>What a verb's work is done on, for workers to be told.</summary>
/// <param name="Work">Where artifacts are kept.</param>
/// <param name="Model">The model that is read.</param>
/// <param name="Backend">What computes.</param>
/// <param name="Claim">Keeps other runs out of the results' folder for as long as workers work; null where there is none.</param>
internal sealed record ClusterSetting(WorkFolder Work, Checkpoint Model, IBackend Backend, Func<IDisposable>? Claim = null);
