namespace SvdSurgeon.Architectures.Layouts;

/// <summary>A decoder layer: branches that add to the residual stream, one after the other.</summary>
/// <param name="Branches">In order.</param>
internal sealed record LayerLayout(params IReadOnlyList<BranchLayout> Branches)
{
    /// <summary>Every branch reads the layer's input instead of what the branch before it left.</summary>
    public bool Parallel { get; init; }
}
