using SvdSurgeon.Architectures;
using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Blocks;

/// <summary>down(activation(gate) ∘ up). What the activation gives is not kept but computed again.</summary>
internal sealed class GatedMlp(Projection inputs, Slot output, Activation activation) : IBlock
{
    private readonly InputGroup _outputGroup = new(inputs.Group.Layer, [output]);

    public IReadOnlyList<Slot> Slots => [.. inputs.Group.Slots, output];

    public IReadOnlyList<InputGroup> Groups => [inputs.Group, _outputGroup];

    public long KeptPerToken => inputs.Width(0) + inputs.Width(1);

    public bool Read(LayerPass pass, Tensor x)
    {
        var kept = pass.Activations.Of<Kept>(this);
        kept.Gate = pass.Allocate(pass.Tokens, inputs.Width(0));
        kept.Up = pass.Allocate(pass.Tokens, inputs.Width(1));
        if (!pass.Show(inputs.Group, x))
            return false;
        inputs.Forward(pass.Backend, x, kept.Gate, kept.Up);
        return true;
    }

    public bool Write(LayerPass pass, Tensor y, bool accumulate)
    {
        var kept = pass.Activations.Of<Kept>(this);
        using var activated = pass.Backend.Allocate(pass.Tokens, kept.Gate.Columns);
        Activated(pass.Backend, kept, activated);
        if (!pass.Show(_outputGroup, activated))
            return false;
        output.Module.Forward(pass.Backend, activated, y, accumulate);
        return true;
    }

    public void WriteBackward(LayerPass pass, Tensor dy)
    {
        var kept = pass.Activations.Of<Kept>(this);
        using var activated = pass.Backend.Allocate(pass.Tokens, kept.Gate.Columns);
        if (pass.Visitor is not null)
        {
            Activated(pass.Backend, kept, activated);
            pass.Visitor.Gradient(output.Module, activated, dy);
        }
        var dActivated = activated;
        output.Module.BackwardInput(pass.Backend, dy, dActivated);
        if (activation == Activation.SwiGlu)
            pass.Backend.SwiGluBackward(dActivated, kept.Gate, kept.Up, kept.Gate, kept.Up);
        else
            ProductBackward(pass.Backend, kept, dActivated);
    }

    public void ReadBackward(LayerPass pass, Tensor x, Tensor dx, bool accumulate)
    {
        var kept = pass.Activations.Of<Kept>(this);
        inputs.Backward(pass.Backend, pass.Visitor, x, dx, accumulate, kept.Gate, kept.Up);
    }

    private void Activated(IBackend backend, Kept kept, Tensor y)
    {
        if (activation == Activation.SwiGlu)
        {
            backend.SwiGlu(kept.Gate, kept.Up, y);
            return;
        }
        Activations.Forward(backend, activation, kept.Gate, y);
        backend.Multiply(y, kept.Up, y);
    }

    // Of f(gate) ∘ up: dUp = dy ∘ f(gate), dGate = dy ∘ up ∘ f'(gate). They take the place of gate and up; dy is used up.
    private void ProductBackward(IBackend backend, Kept kept, Tensor dy)
    {
        using var dUp = backend.Allocate(dy.Rows, dy.Columns);
        Activations.Forward(backend, activation, kept.Gate, dUp);
        backend.Multiply(dy, dUp, dUp);
        backend.Multiply(dy, kept.Up, dy);
        Activations.Backward(backend, activation, dy, kept.Gate, dy);
        backend.Copy(dy, kept.Gate);
        backend.Copy(dUp, kept.Up);
    }

    // Forward the outputs of gate and up, backward the gradients there.
    private sealed class Kept
    {
        public Tensor Gate { get; set; } = null!;
        public Tensor Up { get; set; } = null!;
    }
}
