namespace SvdSurgeon.Architectures.Layouts;

/// <summary>x ← onSum(x + scale · after(block(before(x)))); a norm that is null is left out.</summary>
/// <param name="Block">What is computed.</param>
internal sealed record BranchLayout(BlockLayout Block)
{
    /// <summary>Norm of what the block reads.</summary>
    public NormLayout? Before { get; init; }

    /// <summary>Norm of what the block gives.</summary>
    public NormLayout? After { get; init; }

    /// <summary>Norm of the residual stream after the sum.</summary>
    public NormLayout? OnSum { get; init; }

    /// <summary>Factor of what is added.</summary>
    public float Scale { get; init; } = 1;
}
