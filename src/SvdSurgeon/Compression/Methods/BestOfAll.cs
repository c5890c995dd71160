namespace SvdSurgeon.Compression.Methods;

/// <summary>
/// Not a scaling but a search over the others (Pipeline/Search/AutoSearch): it needs what they need, and chooses the steps itself.
/// </summary>
internal sealed class BestOfAll : CompressionMethod
{
    public override string Name => "auto";
    public override string Sentence => "the best combination, each step judged on held-out calibration sequences";
    public override bool NeedsInputs => true;
    internal override OutputStatistic Outputs => OutputStatistic.Gram;
    public override bool IsSearch => true;
}
