using SvdSurgeon.Compression.Numerics;
using SvdSurgeon.Compression.Storage;

namespace SvdSurgeon.Compression.Ranks;

/// <summary>
/// Ranks for all modules at once from what every rank loses, without a forward pass. Only for losses that are comparable across modules:
/// two-sided singular values or the spectral Fisher. With one-sided whitening each module has its own unit, and the same rule ruins the
/// model.
/// </summary>
internal static class SpectrumAllocation
{
    /// <summary>
    /// Minimises Σ losses subject to Σ parameters ≤ budget over all ranks of all modules; dense is a candidate with loss 0. Within one rank
    /// of the best; the best itself for small models.
    /// </summary>
    /// <remarks>r(m + n − r), the cost of pivoted storage, is concave in r, and dense is a jump: the best trade-offs are the corners of the
    /// convex hull of (parameters, loss), so modules move along their hulls, and the last of the budget is spent among the ranks between
    /// the corners.</remarks>
    /// <param name="modules">Losses by rank.</param>
    /// <param name="budget">Stored numbers of all modules together.</param>
    /// <param name="form">What a rank costs.</param>
    /// <exception cref="InvalidInputException">Rank 1 everywhere exceeds the budget.</exception>
    /// <exception cref="NumericalException">A loss is not finite.</exception>
    public static ModuleAllocation[] Allocate(IReadOnlyList<RankLosses> modules, long budget, StorageForm form)
    {
        var options = new MultipleChoice.Options[modules.Count];
        long rankCost = 0;
        for (int i = 0; i < options.Length; i++)
        {
            options[i] = OptionsOf(modules[i], form);
            rankCost = Math.Max(rankCost, modules[i].Rows + modules[i].Columns);
        }
        var solution = MultipleChoice.Solve(options, budget, goodEnough: rankCost) ?? throw RankAllocation.OverBudget(budget);
        var allocation = new ModuleAllocation[options.Length];
        for (int i = 0; i < allocation.Length; i++)
        {
            var (costs, losses) = options[i];
            int choice = solution.Choice[i];
            bool dense = choice == costs.Length - 1;
            allocation[i] = new ModuleAllocation(dense ? 0 : choice + 1, costs[choice], losses[choice]);
        }
        return allocation;
    }

    // Ranks 1, 2, … while they are smaller than the dense module, then the dense module.
    private static MultipleChoice.Options OptionsOf(RankLosses module, StorageForm form)
    {
        FiniteNumbers.Require(module.Losses, "The loss of a rank");
        int ranks = 0;
        while (ranks + 1 < module.Losses.Length && !RankBudget.StaysDense(module.Rows, module.Columns, ranks + 1, form))
            ranks++;
        var (costs, losses) = (new long[ranks + 1], new double[ranks + 1]);
        for (int r = 1; r <= ranks; r++)
        {
            costs[r - 1] = RankBudget.StoredNumbers(module.Rows, module.Columns, r, form);
            losses[r - 1] = module.Losses[r];
        }
        costs[ranks] = (long)module.Rows * module.Columns;
        return new MultipleChoice.Options(costs, losses);
    }
}
