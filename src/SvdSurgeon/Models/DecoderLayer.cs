using SvdSurgeon.Architectures;
using SvdSurgeon.Backends;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models;

/// <summary>One decoder layer: attention and MLP, forward, and backward for the activations alone.</summary>
public abstract class DecoderLayer
{
    private readonly LinearModule[] _linears;

    /// <param name="config">Model.</param>
    /// <param name="index">Number of the layer.</param>
    /// <param name="linears">Linear modules in order of the data flow.</param>
    /// <param name="groups">Sizes of the groups of modules that read the same input.</param>
    private protected DecoderLayer(DecoderConfig config, int index, LinearModule[] linears, ReadOnlySpan<int> groups)
    {
        Config = config;
        Index = index;
        _linears = linears;
        var inputGroups = new InputGroup[groups.Length];
        for (int i = 0, first = 0; i < groups.Length; first += groups[i++])
            inputGroups[i] = new InputGroup(this, first, groups[i]);
        Groups = inputGroups;
    }

    /// <summary>The model's configuration.</summary>
    public DecoderConfig Config { get; }

    /// <summary>Number of the layer, from 0.</summary>
    public int Index { get; }

    /// <summary>Linear modules in order of the data flow: q, k, v, out | o, then fc1, fc2 | gate, up, down.</summary>
    public IReadOnlyList<LinearModule> Linears => _linears;

    /// <summary>Modules that read the same input.</summary>
    public IReadOnlyList<InputGroup> Groups { get; }

    /// <summary>Puts another form of a module in its place.</summary>
    /// <exception cref="ArgumentException">The layer has no module of that name and shape.</exception>
    public void Replace(string name, LinearModule module)
    {
        int i = Array.FindIndex(_linears, linear => linear.Name == name);
        if (i < 0)
            throw new ArgumentException($"Layer {Index} has no linear module '{name}'.", nameof(name));
        if (module.OutFeatures != _linears[i].OutFeatures || module.InFeatures != _linears[i].InFeatures)
            throw new ArgumentException(
                $"'{name}' is {_linears[i].OutFeatures} × {_linears[i].InFeatures}, its replacement {module.OutFeatures} × "
                    + $"{module.InFeatures}.",
                nameof(module)
            );
        _linears[i] = module;
    }

    /// <summary>hidden [B·T, hiddenSize] → the layer's output, in place.</summary>
    /// <param name="backend">Device.</param>
    /// <param name="hidden">Input, then output.</param>
    /// <param name="context">Which tokens these are.</param>
    /// <param name="keep">Filled with what <see cref="Backward"/> needs; null when there will be none.</param>
    /// <param name="visitor">Gets the inputs of the linear modules; may be null.</param>
    public abstract void Forward(
        IBackend backend,
        Tensor hidden,
        in LayerContext context,
        LayerActivations? keep = null,
        ILinearVisitor? visitor = null
    );

    /// <summary>dHidden [B·T, hiddenSize]: ∂L/∂output → ∂L/∂input, in place.</summary>
    /// <param name="backend">Device.</param>
    /// <param name="activations">Of the forward pass; used up.</param>
    /// <param name="dHidden">Gradient.</param>
    /// <param name="visitor">Gets input and output gradient of every linear module; may be null.</param>
    public abstract void Backward(IBackend backend, LayerActivations activations, Tensor dHidden, ILinearVisitor? visitor = null);

    private protected AttentionShape AttentionShape(in LayerContext context) =>
        new(
            context.Sequences,
            context.SequenceLength,
            context.Start + context.SequenceLength,
            Config.Heads,
            Config.KeyValueHeads,
            Config.HeadDim,
            Config.Window(Index)
        );

    // Keys and values go to the end of the cache; without one into tensors of their own.
    private protected static (Tensor Key, Tensor Value) AllocateKeysAndValues(
        IBackend backend,
        LayerActivations a,
        in LayerContext context,
        int width
    ) =>
        context.Cache is { } cache
            ? (cache.Keys.RowRange(context.Start, context.SequenceLength), cache.Values.RowRange(context.Start, context.SequenceLength))
            : (a.Allocate(backend, context.Tokens, width), a.Allocate(backend, context.Tokens, width));

    private protected void Attend(IBackend backend, LayerActivations a, in LayerContext context)
    {
        a.Attended = a.Allocate(backend, context.Tokens, Config.Heads * Config.HeadDim);
        a.LogSumExp = a.Allocate(backend, context.Tokens, Config.Heads);
        int length = context.Start + context.SequenceLength;
        var keys = context.Cache?.Keys.RowRange(0, length) ?? a.Key;
        var values = context.Cache?.Values.RowRange(0, length) ?? a.Value;
        backend.Attention(a.Query, keys, values, AttentionShape(context), a.Attended, a.LogSumExp);
    }
}
