using SvdSurgeon.Compression.Refitting;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Pipeline.Search;

/// <summary>
/// β and λ of the sequential pass by held-out loss: for the run, then layer by layer. Left out when no value is better than no pass.
/// </summary>
internal static class SequentialSearch
{
    private static readonly double[] Dampings = [1e-2, 1e-4];

    /// <summary>Tries the pass on top of the best so far.</summary>
    public static void Run(Waterfall waterfall)
    {
        ForAllLayers(waterfall);
        ByLayer(waterfall);
    }

    /// <summary>β and λ of all layers.</summary>
    public static void ForAllLayers(Waterfall waterfall)
    {
        var without = waterfall.Best;
        bool Strength(double strength, double damping = SequentialTarget.DefaultDamping) =>
            waterfall.Try(Name(new(strength, damping)), without with { Sequential = new SequentialOptions(strength, damping) });
        Strength(1);
        Strength(0.5);
        Strength(waterfall.Best.Sequential?.Strength == 1 ? 0.75 : 0.25);
        // With few tokens a weak pass with much damping is what is left (docs/methods.md).
        if (waterfall.Best.Sequential is null)
            Strength(0.25, 1e-2);
        if (waterfall.Best.Sequential is not { } best)
            return;
        foreach (double damping in Dampings)
            if (
                damping != best.Damping
                && waterfall.Try(
                    Name(best with { Damping = damping }),
                    waterfall.Best with
                    {
                        Sequential = best with { Damping = damping },
                    }
                )
            )
                break;
    }

    /// <summary>β and λ of each layer, where a pass is in the best so far.</summary>
    public static void ByLayer(Waterfall waterfall)
    {
        if (waterfall.Best.Sequential is not { } best)
            return;
        waterfall.TrySequentialByLayer(
            "sequential pass, by layer",
            [best, best with { Strength = best.Strength / 2 }, best with { Damping = 10 * best.Damping }]
        );
    }

    private static string Name(SequentialOptions options) =>
        FormattableString.Invariant($"sequential pass, strength {options.Strength}, damping {options.Damping}");
}
