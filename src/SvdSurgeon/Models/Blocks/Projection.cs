using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Blocks;

/// <summary>The linear modules of a block that read the same input, and what they give.</summary>
/// <param name="layer">Number of the layer.</param>
/// <param name="slots">The modules in the order in which they are stored.</param>
/// <param name="widths">Width of each output.</param>
internal abstract class Projection(int layer, Slot[] slots, int[] widths)
{
    /// <summary>The modules as those that read one input have them in common.</summary>
    public InputGroup Group { get; } = new(layer, slots);

    /// <summary>Width of output <paramref name="index"/>.</summary>
    public int Width(int index) => widths[index];

    /// <summary>Outputs [T, <see cref="Width"/>] of x [T, n].</summary>
    public abstract void Forward(IBackend backend, Tensor x, params ReadOnlySpan<Tensor> outputs);

    /// <summary>dx (+)= the gradient at x from those at the outputs. With a visitor, which is told first, x must hold the input; dx may
    /// be x.</summary>
    public abstract void Backward(
        IBackend backend,
        ILinearVisitor? visitor,
        Tensor x,
        Tensor dx,
        bool accumulate,
        params ReadOnlySpan<Tensor> gradients
    );
}
