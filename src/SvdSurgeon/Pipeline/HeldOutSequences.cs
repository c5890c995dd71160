using SvdSurgeon.Calibration;
using SvdSurgeon.Models;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline;

/// <summary>Calibration sequences that no statistic has seen, and the losses of models on them: what every search judges by. The evaluation data plays no part.</summary>
internal sealed class HeldOutSequences(PipelineContext context, TokenSet tokens)
{
    private const int TokensAtOnce = 2048;

    /// <summary>Hash of the token ids, for artifact keys.</summary>
    public string Hash { get; } = tokens.Hash();

    /// <summary>How many of the calibration sequences are kept out: an eighth, at least 4 (half of fewer than 8) and at most 32.</summary>
    public static int Count(int sequences) => Math.Clamp(sequences / 8, Math.Min(4, sequences / 2), 32);

    /// <summary>Losses of a whole model.</summary>
    public HeldOutLoss Loss(DecoderModel model) => Measure((first, count, losses) =>
    {
        using var hidden = context.Backend.Allocate(count * tokens.Length, model.Config.HiddenSize);
        model.Embed(context.Backend, tokens.Rows(first, count), count, hidden);
        Finish(model, 0, hidden, first, count, losses);
    });

    /// <summary>The hidden states in front of the first layer, to be moved on layer by layer.</summary>
    public HeldOutStates Embed(DecoderModel model)
    {
        var hidden = context.Backend.Allocate(tokens.Ids.Length, model.Config.HiddenSize);
        Batches((first, count) => model.Embed(context.Backend, tokens.Rows(first, count), count, Range(hidden, first, count)));
        return new HeldOutStates(this, hidden);
    }

    /// <summary>Losses of the layers from <paramref name="layer"/> on.</summary>
    internal HeldOutLoss Loss(DecoderModel model, int layer, Tensor states) => Measure((first, count, losses) =>
    {
        using var hidden = context.Backend.Allocate(count * tokens.Length, model.Config.HiddenSize);
        context.Backend.Copy(Range(states, first, count), hidden);
        Finish(model, layer, hidden, first, count, losses);
    });

    /// <summary>Moves the hidden states through one layer.</summary>
    internal void Forward(DecoderLayer layer, Tensor states) =>
        Batches((first, count) => layer.Forward(context.Backend, Range(states, first, count), new LayerContext(count, tokens.Length)));

    private HeldOutLoss Measure(Action<int, int, double[]> batch)
    {
        var losses = new double[tokens.Ids.Length];
        try
        {
            Batches((first, count) => batch(first, count, losses));
        }
        catch (NumericalException)
        {
            // A candidate that ruins the model so thoroughly is only a candidate not to take.
            return HeldOutLoss.Infinite;
        }
        // The last token of a sequence predicts nothing.
        return new HeldOutLoss([.. losses.Where((_, t) => t % tokens.Length != tokens.Length - 1)]);
    }

    private void Finish(DecoderModel model, int layer, Tensor hidden, int first, int count, double[] losses)
    {
        for (int l = layer; l < model.Layers.Count; l++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            model.Layers[l].Forward(context.Backend, hidden, new LayerContext(count, tokens.Length));
        }
        ForwardBackward.TokenLosses(model, context.Backend, hidden, tokens.Rows(first, count), tokens.Length, losses.AsSpan(first * tokens.Length, count * tokens.Length));
    }

    private void Batches(Action<int, int> body)
    {
        int batch = Math.Max(1, TokensAtOnce / tokens.Length);
        for (int first = 0; first < tokens.Sequences; first += batch) body(first, Math.Min(batch, tokens.Sequences - first));
    }

    private Tensor Range(Tensor hidden, int first, int count) => hidden.RowRange(first * tokens.Length, count * tokens.Length);
}

/// <summary>The held-out sequences on their way through a model: hidden states in front of one layer. Layers from there on can be exchanged and measured at the cost of those layers alone.</summary>
internal sealed class HeldOutStates(HeldOutSequences sequences, Tensor hidden) : IDisposable
{
    private int _layer;

    /// <summary>Losses of the model whose earlier layers these states have passed.</summary>
    public HeldOutLoss Loss(DecoderModel model) => sequences.Loss(model, _layer, hidden);

    /// <summary>Moves on through the next layer of <paramref name="model"/>.</summary>
    public void Advance(DecoderModel model) => sequences.Forward(model.Layers[_layer++], hidden);

    public void Dispose() => hidden.Dispose();
}
