using SvdSurgeon.Calibration;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.States;

/// <summary>
/// The dense model's hidden states in front of one layer, and the inputs of the groups of the layer before it, kept from the pass through
/// that layer: what is fitted to them changes from group to group and from trial to trial, they do not. Where they are too many for the
/// memory they are in files.
/// </summary>
internal sealed class DenseInputs : IDisposable
{
    private readonly PipelineContext _context;
    private readonly TokenSet _tokens;
    private readonly HiddenStates _states;
    private readonly HiddenStore[] _inputs;

    /// <summary>In front of the first layer.</summary>
    public DenseInputs(PipelineContext context, TokenSet tokens)
    {
        (_context, _tokens) = (context, tokens);
        _states = new HiddenStates(context, context.Model, tokens);
        var groups = context.Model.Layers[0].Groups;
        long share = context.Memory / 8 / groups.Sum(group => group.InFeatures);
        _inputs =
        [
            .. groups.Select(group =>
                HiddenStore.Create(context.Backend, tokens.Ids.Length, group.InFeatures, share * group.InFeatures, context.Work.Path)
            ),
        ];
    }

    /// <summary>Moves on behind a layer and keeps the inputs of its groups.</summary>
    public void Advance(DecoderLayer layer) => _states.Advance(layer, (first, count) => new Capture(this, layer, first, count));

    /// <summary>Moves on behind a layer whose inputs nobody needs.</summary>
    public void Skip(DecoderLayer layer) => _states.Advance(layer);

    /// <summary>Calls <paramref name="body"/> with the inputs of a group of the layer passed last, [count · length, n].</summary>
    public void Read(int group, int first, int count, Action<Tensor> body) =>
        _inputs[group].Read(first * _tokens.Length, count * _tokens.Length, body);

    public void Dispose()
    {
        _states.Dispose();
        foreach (var inputs in _inputs)
            inputs.Dispose();
    }

    private sealed class Capture(DenseInputs owner, DecoderLayer layer, int first, int count) : ILinearVisitor
    {
        public void Input(InputGroup group, Tensor x)
        {
            int index = layer.Groups.ToList().FindIndex(g => g.Name == group.Name);
            owner
                ._inputs[index]
                .Write(first * owner._tokens.Length, count * owner._tokens.Length, rows => owner._context.Backend.Copy(x, rows));
        }
    }
}
