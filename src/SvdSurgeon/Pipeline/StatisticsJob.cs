using SvdSurgeon.Calibration;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Shares;

namespace SvdSurgeon.Pipeline;

/// <summary>
/// One collection of statistics: what the options of a later compression need, from all calibration sequences or from a share of them.
/// </summary>
internal sealed record StatisticsJob
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

    /// <summary>Who does the work.</summary>
    internal IWorkSharing Sharing { get; init; } = new Alone();
}
