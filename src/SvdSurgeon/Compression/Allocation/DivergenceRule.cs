using SvdSurgeon.Compression.Ranks;

namespace SvdSurgeon.Compression.Allocation;

/// <summary>Duo-SVD (2510.19385): the candidates whose measured divergences add up to the least within the budget.</summary>
internal sealed class DivergenceRule : AllocationRule
{
    public override string Name => "dp";
    public override string Sentence => "by the measured KL divergence of each module's candidate ratios, the best choice (Duo-SVD)";
    public override bool MeasuresDivergence => true;

    internal override int DivergencesPerModule(double ratio) => RankAllocation.CandidateRatios(ratio).Length;

    internal override int[] Choose(AllocationProblem problem, IRankEvidence evidence)
    {
        var candidates = evidence.CandidateDivergences();
        return [.. RankAllocation.Optimal(candidates, problem.Budget).Select((choice, i) => candidates[i][choice].Rank)];
    }
}
