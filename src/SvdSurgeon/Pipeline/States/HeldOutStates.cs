using SvdSurgeon.Calibration;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.States;

/// <summary>
/// The held-out sequences on their way through a model: hidden states in front of one layer. Layers from there on can be exchanged and
/// measured at the cost of those layers alone.
/// </summary>
internal sealed class HeldOutStates(PipelineContext context, TokenSet tokens, DecoderModel model) : IDisposable
{
    private readonly HiddenStates _states = new(context, model, tokens);
    private int _layer;

    /// <summary>Losses of a model whose earlier layers these states have passed.</summary>
    public HeldOutLoss Loss(DecoderModel model)
    {
        var losses = new double[tokens.Ids.Length];
        try
        {
            _states.ForEachBatch(
                (first, count) =>
                {
                    using var hidden = _states.Copy(first, count);
                    for (int layer = _layer; layer < model.Layers.Count; layer++)
                    {
                        context.Cancellation.ThrowIfCancellationRequested();
                        model.Layers[layer].Forward(context.Backend, hidden, new LayerContext(count, tokens.Length));
                    }
                    ForwardBackward.TokenLosses(
                        model,
                        context.Backend,
                        hidden,
                        tokens.Rows(first, count),
                        tokens.Length,
                        losses.AsSpan(first * tokens.Length, count * tokens.Length)
                    );
                }
            );
        }
        catch (NumericalException)
        {
            // A candidate that ruins the model so thoroughly is only a candidate not to take.
            return HeldOutLoss.Infinite;
        }
        // The last token of a sequence predicts nothing.
        return new HeldOutLoss([.. losses.Where((_, t) => t % tokens.Length != tokens.Length - 1)]);
    }

    /// <summary>Moves on through the next layer of a model.</summary>
    public void Advance(DecoderModel model) => _states.Advance(model.Layers[_layer++]);

    public void Dispose() => _states.Dispose();
}
