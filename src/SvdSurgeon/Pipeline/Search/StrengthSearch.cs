using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Pipeline.Search;

/// <summary>
/// The surgeon's c, α and ε by held-out loss: a line search each for the whole model, then layer by layer. Left out when no strength is
/// better than no surgeon.
/// </summary>
internal static class StrengthSearch
{
    /// <summary>α that vectors and Fishers are collected for: the largest that is tried.</summary>
    public const double CollectedPool = 0.5;

    /// <summary>α that the search starts from.</summary>
    public const double FirstPool = 0.3;

    private static readonly double[] Scales = [0.25, 0.5, 1],
        Pools = [0.1, 0.5],
        Dampings = [1e-2, 0.1];

    /// <summary>Tries the surgeon on top of the best so far, which must collect for <see cref="CollectedPool"/>.</summary>
    public static void Run(Waterfall waterfall, SurgeonMode mode, FisherSamples fisher) =>
        waterfall.WithOneFisher(() => Search(waterfall, mode, fisher));

    private static void Search(Waterfall waterfall, SurgeonMode mode, FisherSamples fisher)
    {
        var without = waterfall.Best;
        bool Try(string what, SurgeonOptions surgeon) =>
            waterfall.Try(
                $"surgeon from {fisher.ToString().ToLowerInvariant()}, {what}",
                without with
                {
                    Surgeon = mode,
                    Fisher = fisher,
                    SurgeonOptions = surgeon,
                }
            );

        foreach (double scale in Scales)
            Try(FormattableString.Invariant($"strength {scale}"), without.SurgeonOptions with { Scale = scale });
        if (waterfall.Best == without)
            return;
        foreach (double pool in Pools)
            Try(FormattableString.Invariant($"pool {pool}"), waterfall.Best.SurgeonOptions with { PoolFraction = pool });
        foreach (double damping in Dampings)
            if (!Try(FormattableString.Invariant($"damping {damping}"), waterfall.Best.SurgeonOptions with { Damping = damping }))
                break;
        var best = waterfall.Best;
        SurgeonOptions[] strengths =
        [
            .. new[] { 1, 0, 0.5, 2 }.Select(factor => best.SurgeonOptions with { Scale = factor * best.SurgeonOptions.Scale }),
        ];
        waterfall.TryByLayer(
            "surgeon, strength by layer",
            [.. strengths.Select(s => best with { SurgeonOptions = s })],
            choice => best with { SurgeonByLayer = [.. choice.Select(c => strengths[c])] }
        );
    }
}
