using SvdSurgeon.Compression.Ranks;

namespace SvdSurgeon.Compression.Allocation;

/// <summary>The same kept fraction for every module; a bias that is added takes its room from the rank.</summary>
internal sealed class UniformRule : AllocationRule
{
    public override string Name => "uniform";
    public override string Sentence => "the same kept fraction everywhere";
    public override bool IsKnownBeforehand => true;

    /// <summary>The ranks, which need no evidence.</summary>
    public static int[] Ranks(AllocationProblem problem) =>
        [
            .. problem.Modules.Select(module =>
                Rank(problem, module) is var rank && Stored(problem, module, rank) >= module.DenseNumbers ? 0 : rank
            ),
        ];

    internal override int[] Choose(AllocationProblem problem, IRankEvidence evidence) => Ranks(problem);

    internal override string WhyDense(AllocationProblem problem, ModuleShape module)
    {
        int rank = Rank(problem, module);
        return $"rank {rank} would store {Stored(problem, module, rank):N0} numbers, not fewer";
    }

    private static int Rank(AllocationProblem problem, ModuleShape module)
    {
        double ratio =
            module.AddedNumbers == 0
                ? problem.Ratio
                : Math.Max(problem.Ratio - (double)module.AddedNumbers / ((double)module.Rows * module.Columns), double.Epsilon);
        return RankBudget.Rank(module.Rows, module.Columns, ratio, problem.Storage);
    }

    private static long Stored(AllocationProblem problem, ModuleShape module, int rank) =>
        RankBudget.StoredNumbers(module.Rows, module.Columns, rank, problem.Storage) + module.AddedNumbers;
}
