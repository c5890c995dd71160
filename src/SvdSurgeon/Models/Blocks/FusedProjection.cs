using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Blocks;

/// <summary>One module whose features are dealt out to several outputs.</summary>
/// <param name="layer">Number of the layer.</param>
/// <param name="slot">The module.</param>
/// <param name="features">The features of each output; together each of the module's once.</param>
internal sealed class FusedProjection(int layer, Slot slot, int[][] features)
    : Projection(layer, [slot], [.. features.Select(f => f.Length)])
{
    public override void Forward(IBackend backend, Tensor x, params ReadOnlySpan<Tensor> outputs)
    {
        using var all = backend.Allocate(x.Rows, slot.Module.OutFeatures);
        slot.Module.Forward(backend, x, all);
        for (int i = 0; i < features.Length; i++)
            backend.GatherColumns(all, features[i], outputs[i]);
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
        using var all = backend.Allocate(x.Rows, slot.Module.OutFeatures);
        for (int i = 0; i < features.Length; i++)
            backend.ScatterColumns(gradients[i], features[i], all);
        visitor?.Gradient(slot.Module, x, all);
        slot.Module.BackwardInput(backend, all, dx, accumulate);
    }
}
