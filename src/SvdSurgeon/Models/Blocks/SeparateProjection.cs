using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Blocks;

/// <summary>One module for each output.</summary>
internal sealed class SeparateProjection(int layer, Slot[] slots) : Projection(layer, slots, [.. slots.Select(s => s.Module.OutFeatures)])
{
    private IReadOnlyList<Slot> Slots => Group.Slots;

    public override void Forward(IBackend backend, Tensor x, params ReadOnlySpan<Tensor> outputs)
    {
        for (int i = 0; i < Slots.Count; i++)
            Slots[i].Module.Forward(backend, x, outputs[i]);
    }

    public override void Backward(
        IBackend backend,
        ILinearVisitor? visitor,
        Tensor x,
        Tensor dx,
        bool accumulate,
        params ReadOnlySpan<Tensor> gradients
    )
    {
        if (visitor is not null)
            for (int i = Slots.Count - 1; i >= 0; i--)
                visitor.Gradient(Slots[i].Module, x, gradients[i]);
        for (int i = 0; i < Slots.Count; i++)
            Slots[i].Module.BackwardInput(backend, gradients[i], dx, accumulate || i > 0);
    }
}
