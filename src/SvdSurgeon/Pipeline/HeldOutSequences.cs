using SvdSurgeon.Calibration;
using SvdSurgeon.Models;

namespace SvdSurgeon.Pipeline;

/// <summary>Calibration sequences that no statistic has seen, and the losses of models on them: what every search judges by. The evaluation data plays no part.</summary>
internal sealed class HeldOutSequences(PipelineContext context, TokenSet tokens)
{
    /// <summary>Hash of the token ids, for artifact keys.</summary>
    public string Hash { get; } = tokens.Hash();

    /// <summary>How many of the calibration sequences are kept out: an eighth, at least 4 (half of fewer than 8) and at most 32.</summary>
    public static int Count(int sequences) => Math.Clamp(sequences / 8, Math.Min(4, sequences / 2), 32);

    /// <summary>Losses of a whole model.</summary>
    public HeldOutLoss Loss(DecoderModel model)
    {
        using var states = Embed(model);
        return states.Loss(model);
    }

    /// <summary>The sequences in front of the first layer of a model.</summary>
    public HeldOutStates Embed(DecoderModel model) => new(context, tokens, model);
}

/// <summary>
/// The held-out sequences on their way through a model: hidden states in front of one layer. Layers from there on can be exchanged and measured at the cost of
/// those layers alone.
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
            _states.ForEachBatch((first, count) =>
            {
                using var hidden = _states.Copy(first, count);
                for (int layer = _layer; layer < model.Layers.Count; layer++)
                {
                    context.Cancellation.ThrowIfCancellationRequested();
                    model.Layers[layer].Forward(context.Backend, hidden, new LayerContext(count, tokens.Length));
                }
                ForwardBackward.TokenLosses(model, context.Backend, hidden, tokens.Rows(first, count), tokens.Length, losses.AsSpan(first * tokens.Length, count * tokens.Length));
            });
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
