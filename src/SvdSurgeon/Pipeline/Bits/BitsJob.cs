using SvdSurgeon.Calibration;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>One run that makes models of integers: a dense model, its calibration data, options, and where results go.</summary>
public sealed record BitsJob
{
    /// <summary>The dense model.</summary>
    public required Checkpoint Model { get; init; }

    /// <summary>Sizes and how to round.</summary>
    public required BitsOptions Options { get; init; }

    /// <summary>Calibration sequences; the first <see cref="BitsOptions.Sequences"/> are used, a part of them to judge by.</summary>
    public required TokenSet Calibration { get; init; }

    /// <summary>Where each result gets a folder.</summary>
    public required string OutputFolder { get; init; }

    /// <summary>Where artifacts are kept; null for a folder "work" in <see cref="OutputFolder"/>.</summary>
    public string? WorkFolder { get; init; }

    /// <summary>Bytes that the run may take; null for what the process may use.</summary>
    public long? Memory { get; init; }

    /// <summary>Opens the windows that every result is evaluated on, when the last result is on disk; null to evaluate none.</summary>
    public Func<TokenWindows>? Evaluation { get; init; }
}
