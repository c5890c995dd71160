using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Blocks;

/// <summary>One call of a layer's forward or backward pass, as its blocks see it.</summary>
/// <param name="Backend">Device.</param>
/// <param name="Context">Which tokens these are.</param>
/// <param name="Activations">Where blocks leave what they go on with.</param>
/// <param name="Visitor">Gets what goes in and out of the linear modules; may be null.</param>
internal sealed record LayerPass(IBackend Backend, LayerContext Context, LayerActivations Activations, ILinearVisitor? Visitor)
{
    /// <summary>B·T.</summary>
    public int Tokens => Context.Tokens;

    /// <summary>A tensor that lives as long as the activations.</summary>
    public Tensor Allocate(int rows, int columns) => Activations.Allocate(Backend, rows, columns);

    /// <summary>Shows the visitor the input of some modules.</summary>
    /// <returns>False where nothing beyond it is wanted.</returns>
    public bool Show(InputGroup group, Tensor x)
    {
        Visitor?.Input(group, x);
        return group != Context.Until;
    }
}
