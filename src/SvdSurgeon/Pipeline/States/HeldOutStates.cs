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
        var losses = HiddenStates.Batches(tokens).Select(batch => Losses(model, batch.First, batch.Count)).ToList();
        return losses.Exists(batch => batch.Length == 0) ? HeldOutLoss.Infinite : new HeldOutLoss([.. losses.SelectMany(batch => batch)]);
    }

    /// <summary>Losses of all predicted tokens of some sequences; none where they are not finite.</summary>
    public double[] Losses(DecoderModel model, int first, int count)
    {
        var losses = new double[count * tokens.Length];
        try
        {
            using var hidden = _states.Copy(first, count);
            for (int layer = _layer; layer < model.Layers.Count; layer++)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                model.Layers[layer].Forward(context.Backend, hidden, new LayerContext(count, tokens.Length));
            }
            ForwardBackward.TokenLosses(model, context.Backend, hidden, tokens.Rows(first, count), tokens.Length, losses);
        }
        catch (NumericalException)
        {
            // A candidate that ruins the model so thoroughly is only a candidate not to take.
            return [];
        }
        // The last token of a sequence predicts nothing.
        return [.. losses.Where((_, t) => t % tokens.Length != tokens.Length - 1)];
    }

    /// <summary>Moves on through the next layer of a model.</summary>
    public void Advance(DecoderModel model) => _states.Advance(model.Layers[_layer++]);

    public void Dispose() => _states.Dispose();
}
