using SvdSurgeon.Compression.Storage;

namespace SvdSurgeon.Compression.Ranks;

/// <summary>
/// Distributes a global parameter budget over modules with a few candidate ratios each (Duo-SVD, Xv et al. 2026, modules).
/// </summary>
internal static class RankAllocation
{
    /// <summary>Candidate ratios: 0.1, 0.2, …, 0.9, 1.0 (dense) and the uniform ratio itself, ascending.</summary>
    public static double[] CandidateRatios(double keepRatio) =>
        [.. Enumerable.Range(1, 10).Select(i => i / 10.0).Append(keepRatio).Distinct().Order()];

    /// <summary>
    /// The candidates of one m × n module, ascending; one that would not be smaller than the dense module is the dense module.
    /// </summary>
    /// <param name="m">Rows of W.</param>
    /// <param name="n">Columns of W.</param>
    /// <param name="keepRatio">The uniform ratio.</param>
    /// <param name="form">What a rank costs.</param>
    /// <param name="loss">Loss of a rank, measured or predicted; rank 0 is the dense module.</param>
    public static AllocationCandidate[] Candidates(int m, int n, double keepRatio, StorageForm form, Func<int, double> loss) =>
        [
            .. CandidateRatios(keepRatio)
                .Select(ratio =>
                {
                    int rank = ratio < 1 ? RankBudget.Rank(m, n, ratio, form) : 0;
                    return rank == 0 || RankBudget.StaysDense(m, n, rank, form)
                        ? new AllocationCandidate(ratio, 0, (long)m * n, loss(0))
                        : new AllocationCandidate(ratio, rank, RankBudget.StoredNumbers(m, n, rank, form), loss(rank));
                }),
        ];

    /// <summary>The same from predicted losses by rank (<c>allocate: fisher</c>), without a forward pass.</summary>
    public static AllocationCandidate[] Candidates(RankLosses losses, double keepRatio, StorageForm form) =>
        Candidates(losses.Rows, losses.Columns, keepRatio, form, rank => rank == 0 ? 0 : losses.Losses[rank]);

    /// <summary>⌊ρ·Σ m·n⌋.</summary>
    public static long Budget(long denseParameters, double keepRatio) => (long)(denseParameters * keepRatio);

    /// <summary>
    /// The choice with the least total loss whose parameters fit the budget: dynamic programming over true parameter counts, so that the
    /// result is never over budget and the traceback exact. States that a Lagrangian bound rules out are not followed.
    /// </summary>
    /// <param name="modules">Candidates of each module, at least one, in any order.</param>
    /// <param name="budget">Parameters of all modules together.</param>
    /// <returns>Index of the chosen candidate of each module.</returns>
    /// <exception cref="InvalidInputException">Even the smallest candidates exceed the budget.</exception>
    /// <exception cref="NumericalException">A loss is not finite.</exception>
    public static int[] Optimal(IReadOnlyList<IReadOnlyList<AllocationCandidate>> modules, long budget)
    {
        var order = new int[modules.Count][];
        var options = new MultipleChoice.Options[modules.Count];
        for (int i = 0; i < order.Length; i++)
        {
            var candidates = modules[i];
            order[i] = [.. Enumerable.Range(0, candidates.Count).OrderBy(j => candidates[j].Parameters)];
            options[i] = new(
                [.. order[i].Select(j => candidates[j].Parameters)],
                [.. order[i].Select(j => RequireFinite(candidates[j].Loss))]
            );
        }
        var solution = MultipleChoice.Solve(options, budget) ?? throw OverBudget(budget);
        return [.. solution.Choice.Select((choice, i) => order[i][choice])];
    }

    /// <summary>
    /// The greedy rule of the paper: one threshold for all modules, found by bisection over the sorted losses; each module takes its
    /// smallest candidate whose loss is at most the threshold (its least harmful one where none is), and the lowest threshold that meets
    /// the budget wins.
    /// </summary>
    /// <inheritdoc cref="Optimal"/>
    public static int[] Greedy(IReadOnlyList<IReadOnlyList<AllocationCandidate>> modules, long budget)
    {
        double[] thresholds = [.. modules.SelectMany(m => m).Select(c => RequireFinite(c.Loss)).Distinct().Order()];
        int low = 0,
            high = thresholds.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Parameters(modules, AtThreshold(modules, thresholds[middle])) <= budget)
                high = middle;
            else
                low = middle + 1;
        }
        return low < thresholds.Length ? AtThreshold(modules, thresholds[low]) : throw OverBudget(budget);
    }

    /// <summary>Parameters of a choice.</summary>
    public static long Parameters(IReadOnlyList<IReadOnlyList<AllocationCandidate>> modules, IReadOnlyList<int> choice) =>
        modules.Select((candidates, i) => candidates[choice[i]].Parameters).Sum();

    /// <summary>Loss of a choice.</summary>
    public static double Loss(IReadOnlyList<IReadOnlyList<AllocationCandidate>> modules, IReadOnlyList<int> choice) =>
        modules.Select((candidates, i) => candidates[choice[i]].Loss).Sum();

    private static int[] AtThreshold(IReadOnlyList<IReadOnlyList<AllocationCandidate>> modules, double threshold)
    {
        var choice = new int[modules.Count];
        for (int i = 0; i < choice.Length; i++)
        {
            var candidates = modules[i];
            int smallest = -1,
                mildest = 0;
            for (int j = 0; j < candidates.Count; j++)
            {
                if (candidates[j].Loss <= threshold && (smallest < 0 || candidates[j].Parameters < candidates[smallest].Parameters))
                    smallest = j;
                if (candidates[j].Loss < candidates[mildest].Loss)
                    mildest = j;
            }
            choice[i] = smallest < 0 ? mildest : smallest;
        }
        return choice;
    }

    private static double RequireFinite(double loss) =>
        double.IsFinite(loss)
            ? loss
            : throw new NumericalException(
                $"A module's loss is {loss}: the calibration of the allocation met a number that is not finite."
            );

    internal static InvalidInputException OverBudget(long budget) =>
        new(
            $"No allocation fits into {budget} parameters, not even the smallest candidate of every module. Keep a larger fraction "
                + $"(--ratio)."
        );
}
