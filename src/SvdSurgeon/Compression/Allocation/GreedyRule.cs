using SvdSurgeon.Compression.Ranks;

namespace SvdSurgeon.Compression.Allocation;

/// <summary>Duo-SVD's greedy rule: one threshold of divergence for all modules, the lowest that meets the budget.</summary>
internal sealed class GreedyRule : AllocationRule
{
    public override string Name => "greedy";
    public override string Sentence => "by the same divergences, one threshold for all modules (Duo-SVD)";
    public override bool MeasuresDivergence => true;

    internal override int DivergencesPerModule(double ratio) => RankAllocation.CandidateRatios(ratio).Length;

    internal override int[] Choose(AllocationProblem problem, IRankEvidence evidence)
    {
        var candidates = evidence.CandidateDivergences();
        return [.. RankAllocation.Greedy(candidates, problem.Budget).Select((choice, i) => candidates[i][choice].Rank)];
    }
}
