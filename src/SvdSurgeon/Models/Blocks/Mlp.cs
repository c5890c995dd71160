using SvdSurgeon.Architectures;
using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Blocks;

/// <summary>output(activation(input(x))).</summary>
internal sealed class Mlp(Projection inputs, Slot output, Activation activation) : IBlock
{
    private readonly InputGroup _outputGroup = new(inputs.Group.Layer, [output]);

    public IReadOnlyList<Slot> Slots => [.. inputs.Group.Slots, output];

    public IReadOnlyList<InputGroup> Groups => [inputs.Group, _outputGroup];

    public long KeptPerToken => inputs.Width(0);

    public bool Read(LayerPass pass, Tensor x)
    {
        var kept = pass.Activations.Of<Kept>(this);
        kept.Inner = pass.Allocate(pass.Tokens, inputs.Width(0));
        if (!pass.Show(inputs.Group, x))
            return false;
        inputs.Forward(pass.Backend, x, kept.Inner);
        return true;
    }

    public bool Write(LayerPass pass, Tensor y, bool accumulate)
    {
        var kept = pass.Activations.Of<Kept>(this);
        using var activated = Activated(pass.Backend, kept.Inner, first: true);
        if (!pass.Show(_outputGroup, activated))
            return false;
        output.Module.Forward(pass.Backend, activated, y, accumulate);
        return true;
    }

    public void WriteBackward(LayerPass pass, Tensor dy)
    {
        var (backend, kept) = (pass.Backend, pass.Activations.Of<Kept>(this));
        if (pass.Visitor is not null)
        {
            using var activated = Activated(backend, kept.Inner, first: false);
            pass.Visitor.Gradient(output.Module, activated, dy);
        }
        kept.DInner = backend.Allocate(pass.Tokens, kept.Inner.Columns);
        output.Module.BackwardInput(backend, dy, kept.DInner);
        Activations.Backward(backend, activation, kept.DInner, kept.Inner, kept.DInner);
    }

    public void ReadBackward(LayerPass pass, Tensor x, Tensor dx, bool accumulate)
    {
        using var dInner = pass.Activations.Of<Kept>(this).DInner;
        inputs.Backward(pass.Backend, pass.Visitor, x, dx, accumulate, dInner);
    }

    // ReLU is applied in place: its output says as much about the sign as its input. GELU's input must be kept.
    private Tensor Activated(IBackend backend, Tensor inner, bool first)
    {
        if (activation == Activation.Relu)
        {
            if (first)
                backend.Relu(inner, inner);
            return inner.RowRange(0, inner.Rows);
        }
        var activated = backend.Allocate(inner.Rows, inner.Columns);
        Activations.Forward(backend, activation, inner, activated);
        return activated;
    }

    // The output of the input projection (after ReLU, before GELU), and the gradient there.
    private sealed class Kept
    {
        public Tensor Inner { get; set; } = null!;
        public Tensor DInner { get; set; } = null!;
    }
}
