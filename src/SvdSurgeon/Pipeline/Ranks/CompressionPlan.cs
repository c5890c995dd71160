using System.Globalization;
using System.Text.Json.Nodes;
using SvdSurgeon.Compression.Ranks;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Pipeline.Ranks;

/// <summary>Ranks and sizes for one kept fraction.</summary>
/// <param name="Ratio">Kept fraction asked for.</param>
/// <param name="Modules">Every linear module, in data-flow order.</param>
public sealed record CompressionPlan(double Ratio, IReadOnlyList<ModulePlan> Modules)
{
    /// <summary>Parameters of the linear modules before.</summary>
    public long Before => Modules.Sum(m => m.Before);

    /// <summary>Numbers of the linear modules after, every one counted.</summary>
    public long After => Modules.Sum(m => m.After);

    /// <summary>Kept fraction reached.</summary>
    public double AchievedRatio => (double)After / Before;

    /// <summary>Ranks by module, null for dense: for artifact keys and the written config.</summary>
    internal JsonObject RanksJson() => new(Modules.Select(m => KeyValuePair.Create(m.Name, (JsonNode?)m.Rank)));

    /// <summary>The same kept fraction for every module (docs/methods.md): known before anything is computed.</summary>
    public static CompressionPlan Uniform(DecoderModel model, double ratio, CompressionOptions options) =>
        new(
            ratio,
            [
                .. model.Linears.Select(module =>
                {
                    int m = module.OutFeatures,
                        n = module.InFeatures;
                    long added = AddedBias(module, options);
                    // A bias that is added takes its room from the rank.
                    int rank =
                        added == 0
                            ? RankBudget.Rank(m, n, ratio, options.Storage)
                            : RankBudget.Rank(m, n, Math.Max(ratio - (double)added / ((double)m * n), double.Epsilon), options.Storage);
                    long stored = RankBudget.StoredNumbers(m, n, rank, options.Storage) + added;
                    return Plan(
                        module,
                        stored >= (long)m * n ? null : rank,
                        options,
                        $"rank {rank} would store {stored:N0} numbers, not fewer"
                    );
                }),
            ]
        );

    /// <summary>Ranks of all modules together, each from all of its possible ranks (docs/methods.md).</summary>
    /// <param name="model">The dense model.</param>
    /// <param name="ratio">Kept fraction of all linear modules together.</param>
    /// <param name="options">Storage and pool.</param>
    /// <param name="losses">Loss of every rank, by module in data-flow order.</param>
    public static CompressionPlan FromLosses(DecoderModel model, double ratio, CompressionOptions options, IReadOnlyList<RankLosses> losses)
    {
        var allocation = SpectrumAllocation.Allocate(losses, Budget(model, ratio, options), options.Storage);
        return FromRanks(model, ratio, options, [.. allocation.Select(a => a.Rank)]);
    }

    /// <summary>
    /// Ranks of all modules together, each from a few candidates (docs/methods.md): the best choice within the budget, or the greedy
    /// one.
    /// </summary>
    /// <param name="model">The dense model.</param>
    /// <param name="ratio">Kept fraction of all linear modules together.</param>
    /// <param name="options">Allocation rule, storage and pool.</param>
    /// <param name="candidates">Candidates with their losses, by module in data-flow order.</param>
    public static CompressionPlan FromCandidates(
        DecoderModel model,
        double ratio,
        CompressionOptions options,
        IReadOnlyList<AllocationCandidate[]> candidates
    )
    {
        long budget = Budget(model, ratio, options);
        int[] choice =
            options.Allocate == AllocationRule.Greedy
                ? RankAllocation.Greedy(candidates, budget)
                : RankAllocation.Optimal(candidates, budget);
        return FromRanks(model, ratio, options, [.. choice.Select((c, i) => candidates[i][c].Rank)]);
    }

    private static long Budget(DecoderModel model, double ratio, CompressionOptions options) =>
        RankAllocation.Budget(model.Linears.Sum(m => (long)m.OutFeatures * m.InFeatures), ratio)
        - model.Linears.Sum(m => AddedBias(m, options));

    private static long AddedBias(LinearModule module, CompressionOptions options) =>
        options.BiasCorrection && module.Bias is null ? module.OutFeatures : 0;

    // Rank 0 stands for the dense module.
    private static CompressionPlan FromRanks(DecoderModel model, double ratio, CompressionOptions options, int[] ranks) =>
        new(
            ratio,
            [
                .. model.Linears.Select(
                    (module, i) => Plan(module, ranks[i] == 0 ? null : ranks[i], options, "worth more than its size to the model")
                ),
            ]
        );

    private static ModulePlan Plan(LinearModule module, int? rank, CompressionOptions options, string denseReason)
    {
        int m = module.OutFeatures,
            n = module.InFeatures;
        long before = (long)m * n;
        if (rank is not { } r)
            return new ModulePlan(module.Name, m, n, null, 0, before, before, denseReason);
        return new ModulePlan(
            module.Name,
            m,
            n,
            r,
            ComponentPool.Size(m, n, r, options.PoolFraction),
            before,
            RankBudget.StoredNumbers(m, n, r, options.Storage) + AddedBias(module, options),
            null
        );
    }

    /// <summary>A ratio as it stands in names: at least one digit after the point.</summary>
    public static string RatioText(double ratio) => ratio.ToString("0.0###############", CultureInfo.InvariantCulture);
}
