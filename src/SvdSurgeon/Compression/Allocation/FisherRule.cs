namespace SvdSurgeon.Compression.Allocation;

/// <summary>The ranks that lose least by what the spectral Fisher predicts, without a further forward pass.</summary>
internal sealed class FisherRule : AllocationRule
{
    public override string Name => "fisher";
    public override string Sentence => "by the loss that the spectral Fisher predicts";
    public override bool NeedsFisher => true;

    internal override int[] Choose(AllocationProblem problem, IRankEvidence evidence) => problem.Best(evidence.FisherLosses());
}
