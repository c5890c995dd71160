using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Pipeline.Search;

/// <summary>What is tried for one kept fraction, in order, each step kept only if held-out loss improves.</summary>
internal static class AutoSearch
{
    private const int MaxRefinements = 2;
    private const int MaxNewtonSteps = 8;

    /// <summary>Runs the steps that the options leave open; the best options are in <paramref name="waterfall"/>.</summary>
    public static void Run(Waterfall waterfall, CompressionOptions options)
    {
        if (options.Method.IsSearch)
            Everything(waterfall, options);
        else
            AsAsked(waterfall, options);
    }

    /// <summary>What of the options needs no search: near enough to look for a kept fraction with.</summary>
    public static CompressionOptions OnePass(CompressionOptions options) =>
        options.Method.IsSearch
            ? options with
            {
                Method = CompressionMethod.Kfac,
                Allocate = AllocationRule.Spectrum,
                Storage = StorageForm.Pivoted,
                Surgeon = SurgeonMode.None,
                SearchSequential = false,
                SearchStrength = false,
                CollectedPool = StrengthSearch.CollectedPool,
            }
            : options with
            {
                SearchSequential = false,
                SearchStrength = false,
                Surgeon = options.SearchStrength ? SurgeonMode.None : options.Surgeon,
            };

    // The best combination of everything, from plain SVD on.
    private static void Everything(Waterfall waterfall, CompressionOptions options)
    {
        // One α for all, so that what is decomposed serves every strength of the surgeon.
        var common = options with
        {
            Surgeon = SurgeonMode.None,
            SearchSequential = false,
            SearchStrength = false,
            CollectedPool = StrengthSearch.CollectedPool,
            SurgeonOptions = options.SurgeonOptions with { PoolFraction = StrengthSearch.FirstPool },
        };
        waterfall.TryForm("svd", common with { Method = CompressionMethod.Svd });
        waterfall.TryForm("whitening", common with { Method = CompressionMethod.Whiten });
        var kfac = common with { Method = CompressionMethod.Kfac };
        waterfall.TryForm("two-sided whitening", kfac);
        kfac = kfac with { Allocate = AllocationRule.Spectrum };
        waterfall.TryForm("allocation by spectrum", kfac);
        kfac = kfac with { Storage = StorageForm.Pivoted };
        waterfall.TryForm("pivoted storage", kfac);
        var truncated = waterfall.Best;
        if (truncated.Method.IsWhitened)
            Mend(waterfall, truncated);
        StrengthSearch.Run(waterfall, SurgeonMode.Update, FisherSamples.Tokens);
    }

    // What the truncation did is mended by the sequential pass or by Newton steps. With much data the steps gain far more, from the
    // truncation more than from the pass; with little data the pass is as good in less time, and steps may follow it (docs/EXPERIMENTS.md).
    private static void Mend(Waterfall waterfall, CompressionOptions truncated)
    {
        SequentialSearch.ForAllLayers(waterfall);
        if (Newton(waterfall, truncated, ""))
            return;
        SequentialSearch.ByLayer(waterfall);
        if (waterfall.Best.Sequential is not null && Newton(waterfall, waterfall.Best, " after the sequential pass"))
            return;
        // A second time can help where the first did not.
        for (int i = 1; i <= MaxRefinements && waterfall.Best.Method.ModelsLoss; i++)
            waterfall.Try($"gradients again at the compressed model ({i})", waterfall.Best with { Refinements = i });
    }

    // Twice as many steps as long as they pay: the later ones gain less. Two steps that are neither better nor worse than what they stand
    // against are worth two more.
    private static bool Newton(Waterfall waterfall, CompressionOptions start, string where)
    {
        bool any = false;
        if (waterfall.CapsLogits)
            return any; // the steps need the KL divergence, which takes logits for linear in the features
        waterfall.OneFromAnother(() =>
        {
            for (int steps = 2; steps <= MaxNewtonSteps && start.Method.ModelsLoss; steps *= 2)
            {
                if (waterfall.Try($"{steps} Newton steps{where}", start with { Newton = steps }))
                    any = true;
                else if (steps > 2 || !waterfall.Steps[^1].IsUndecided)
                    break;
            }
        });
        return any;
    }

    // A named method, with what it leaves to a search.
    private static void AsAsked(Waterfall waterfall, CompressionOptions options)
    {
        var start = options with { SearchSequential = false, SearchStrength = false };
        if (options.SearchStrength)
            start = start with
            {
                Surgeon = SurgeonMode.None,
                CollectedPool = StrengthSearch.CollectedPool,
                SurgeonOptions = options.SurgeonOptions with { PoolFraction = StrengthSearch.FirstPool },
            };
        waterfall.Try($"{options.Method.Name}, as asked", start);
        if (options.SearchSequential)
            SequentialSearch.Run(waterfall);
        if (options.SearchStrength)
            StrengthSearch.Run(waterfall, options.Surgeon, options.Fisher);
    }
}
