using SvdSurgeon.Calibration;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.States;

namespace SvdSurgeon.Pipeline;

/// <summary>What the calibration sequences are used for.</summary>
/// <param name="Whitening">Statistics of the dense model.</param>
/// <param name="Fisher">The spectral Fisher.</param>
/// <param name="Kl">Sensitivity to single modules, where the allocation measures it.</param>
/// <param name="HeldOut">Sequences that no statistic sees, for a search; null where there is none.</param>
internal sealed record CalibrationSplit(TokenSet Whitening, TokenSet Fisher, TokenSet Kl, TokenSet? HeldOut)
{
    /// <summary>The split that the options ask for.</summary>
    /// <exception cref="InvalidInputException">There are too few sequences.</exception>
    public static CalibrationSplit Of(CompressionOptions options, TokenSet calibration)
    {
        int heldOut = options.Searches ? HeldOutSequences.Count(calibration.Sequences) : 0;
        if (options.Searches && heldOut < 1)
            throw new InvalidInputException($"A search (auto) needs at least 2 calibration sequences, {calibration.Sequences} is too few.");
        var statistics = calibration.Slice(0, calibration.Sequences - heldOut);
        return new CalibrationSplit(
            statistics.Take(options.Sequences),
            statistics.Take(options.FisherSequences),
            statistics.Take(options.KlSequences),
            options.Searches ? calibration.Slice(calibration.Sequences - heldOut, heldOut) : null
        );
    }
}
