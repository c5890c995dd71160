using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Blocks;

/// <summary>
/// A block of a layer: some projections read its input, one gives its output. Forward and backward pass come in two halves, so that the
/// memory of the input is free while the block computes.
/// </summary>
internal interface IBlock
{
    /// <summary>Its linear modules in order of the data flow.</summary>
    IReadOnlyList<Slot> Slots { get; }

    /// <summary>Those that read the same input.</summary>
    IReadOnlyList<InputGroup> Groups { get; }

    /// <summary>Numbers that it keeps of each token between forward and backward.</summary>
    long KeptPerToken { get; }

    /// <summary>Projects x [T, n].</summary>
    /// <returns>False where the pass ends here (<see cref="LayerContext.Until"/>).</returns>
    bool Read(LayerPass pass, Tensor x);

    /// <summary>y [T, m] (+)= what the block makes of what it read.</summary>
    /// <returns>False where the pass ends before it.</returns>
    bool Write(LayerPass pass, Tensor y, bool accumulate);

    /// <summary>Takes dy, the gradient at y, back to what <see cref="Read"/> projected.</summary>
    void WriteBackward(LayerPass pass, Tensor dy);

    /// <summary>dx (+)= the gradient at x. With a visitor x must hold the input; dx may be x.</summary>
    void ReadBackward(LayerPass pass, Tensor x, Tensor dx, bool accumulate);
}
