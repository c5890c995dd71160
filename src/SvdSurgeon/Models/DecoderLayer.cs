using SvdSurgeon.Backends;
using SvdSurgeon.Models.Blocks;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models;

/// <summary>
/// One decoder layer: branches (attention, MLP) that add to the residual stream. Forward, and backward for the activations alone.
/// </summary>
internal sealed class DecoderLayer
{
    private readonly Branch[] _branches;
    private readonly Slot[] _slots;
    private readonly bool _parallel;
    private readonly int _width;

    internal DecoderLayer(int index, Branch[] branches, bool parallel, int width)
    {
        (Index, _branches, _parallel, _width) = (index, branches, parallel, width);
        _slots = [.. branches.SelectMany(branch => branch.Block.Slots)];
        Groups = [.. branches.SelectMany(branch => branch.Block.Groups)];
    }

    /// <summary>Number of the layer, from 0.</summary>
    public int Index { get; }

    /// <summary>Linear modules in order of the data flow.</summary>
    public IReadOnlyList<LinearModule> Linears => [.. _slots.Select(slot => slot.Module)];

    /// <summary>Modules that read the same input.</summary>
    public IReadOnlyList<InputGroup> Groups { get; }

    /// <summary>Bytes that the layer keeps of each token between forward and backward.</summary>
    internal long KeptBytesPerToken
    {
        get
        {
            long inputs = _parallel ? 1 : _branches.Length;
            return (inputs * _width + _branches.Sum(branch => branch.KeptPerToken)) * sizeof(float);
        }
    }

    /// <summary>Puts another form of a module in its place.</summary>
    /// <exception cref="ArgumentException">The layer has no module of that name and shape.</exception>
    public void Replace(string name, LinearModule module)
    {
        var slot =
            Array.Find(_slots, slot => slot.Module.Name == name)
            ?? throw new ArgumentException($"Layer {Index} has no linear module '{name}'.", nameof(name));
        var old = slot.Module;
        if (module.OutFeatures != old.OutFeatures || module.InFeatures != old.InFeatures)
            throw new ArgumentException(
                $"'{name}' is {old.OutFeatures} × {old.InFeatures}, its replacement {module.OutFeatures} × {module.InFeatures}.",
                nameof(module)
            );
        slot.Module = module;
    }

    /// <summary>hidden [B·T, hiddenSize] → the layer's output, in place.</summary>
    /// <param name="backend">Device.</param>
    /// <param name="hidden">Input, then output.</param>
    /// <param name="context">Which tokens these are.</param>
    /// <param name="keep">Filled with what <see cref="Backward"/> needs; null when there will be none.</param>
    /// <param name="visitor">Gets the inputs of the linear modules; may be null.</param>
    public void Forward(
        IBackend backend,
        Tensor hidden,
        in LayerContext context,
        LayerActivations? keep = null,
        ILinearVisitor? visitor = null
    )
    {
        using var scratch = new LayerActivations();
        keep?.Context = context;
        var input = _parallel ? (keep ?? scratch).KeepCopy(backend, hidden) : null;
        foreach (var branch in _branches)
        {
            // What is not kept for a backward pass goes before the next branch comes.
            using var own = new LayerActivations();
            var pass = new LayerPass(backend, context, keep ?? own, visitor);
            if (!branch.Forward(pass, input ?? keep?.KeepCopy(backend, hidden) ?? hidden, hidden))
                return;
        }
    }

    /// <summary>dHidden [B·T, hiddenSize]: ∂L/∂output → ∂L/∂input, in place.</summary>
    /// <param name="backend">Device.</param>
    /// <param name="activations">Of the forward pass; used up.</param>
    /// <param name="dHidden">Gradient.</param>
    /// <param name="visitor">Gets input and output gradient of every linear module; may be null.</param>
    public void Backward(IBackend backend, LayerActivations activations, Tensor dHidden, ILinearVisitor? visitor = null)
    {
        var pass = new LayerPass(backend, activations.Context, activations, visitor);
        var dStream = _parallel ? activations.KeepCopy(backend, dHidden) : dHidden;
        for (int i = _branches.Length - 1; i >= 0; i--)
            _branches[i].Backward(pass, dStream, dHidden);
    }
}
