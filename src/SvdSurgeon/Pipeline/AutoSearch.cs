using SvdSurgeon.Compression;

namespace SvdSurgeon.Pipeline;

/// <summary>The best combination of everything for one kept fraction: from plain SVD step by step, each kept only if held-out loss improves.</summary>
internal static class AutoSearch
{
    // α of everything that auto makes: with token samples a wide pool pays, and one value lets the sequential pass serve every strength.
    private const double PoolFraction = 0.3;
    private static readonly SequentialOptions[] SequentialCandidates = [new(1, 1e-3), new(0.5, 1e-3), new(0.25, 1e-2)];
    private static readonly double[] Strengths = [0.25, 0.5, 1];
    private const int MaxRefinements = 2;

    /// <summary>Runs the steps; the best options are in <paramref name="waterfall"/>.</summary>
    public static void Run(Waterfall waterfall, CompressionOptions options)
    {
        var common = options with { Surgeon = SurgeonMode.None, SurgeonOptions = options.SurgeonOptions with { PoolFraction = PoolFraction } };
        waterfall.Try("svd", common with { Method = CompressionMethod.Svd });
        waterfall.Try("whitening", common with { Method = CompressionMethod.Whiten });
        var kfac = common with { Method = CompressionMethod.Kfac };
        waterfall.Try("two-sided whitening", kfac);
        kfac = kfac with { Allocate = AllocationRule.Spectrum };
        waterfall.Try("allocation by spectrum", kfac);
        kfac = kfac with { Storage = StorageForm.Pivoted };
        waterfall.Try("pivoted storage", kfac);
        foreach (var sequential in SequentialCandidates)
            if (waterfall.Best.Method is CompressionMethod.Whiten or CompressionMethod.Kfac)
                waterfall.Try($"sequential pass, strength {sequential.Strength}", waterfall.Best with { Sequential = sequential });
        for (int i = 1; i <= MaxRefinements && waterfall.Best.Method == CompressionMethod.Kfac; i++)
            waterfall.Try($"gradients again at the compressed model ({i})", waterfall.Best with { Refinements = i });
        foreach (double strength in Strengths)
            waterfall.Try($"surgeon from tokens, strength {strength}", waterfall.Best with
            {
                Surgeon = SurgeonMode.Update, Fisher = FisherSamples.Tokens, SurgeonOptions = waterfall.Best.SurgeonOptions with { Scale = strength },
            });
    }
}
