namespace SvdSurgeon.Cli.Output.Results;

/// <summary>What is known beforehand to go wrong with a kept fraction.</summary>
internal static class RatioWarning
{
    // SmolLM2-135M, mean of three calibration sets, docs/guide.md: what two-sided whitening with ranks by spectrum lost at 0.6.
    private const double Fragile = 0.65,
        Measured = 0.6,
        LostByOnePass = 0.896;

    /// <summary>Sentences, each with its number.</summary>
    public static IEnumerable<string> Of(double ratio, double bytes, double original)
    {
        if (SizeWarning.Of(FormattableString.Invariant($"kept {ratio:0.###}"), bytes, original, ranks: true) is { } larger)
            yield return larger;
        if (ratio < Fragile)
            yield return FormattableString.Invariant(
                $"kept {ratio:0.###}: few models survive this. SmolLM2-135M's perplexity is {Math.Exp(LostByOnePass):F1} times the "
            ) + FormattableString.Invariant($"dense one at {Measured} in one pass; integers lose less at the same size (--target-size).");
    }
}
