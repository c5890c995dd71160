using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models;

/// <summary>Passes of calibration sequences through a model: forward, and backward for the loss of each sequence by itself.</summary>
internal static class ForwardBackward
{
    /// <summary>
    /// Forward pass; losses[b] is the mean next-token loss of sequence b. With no losses wanted the head is not computed.
    /// </summary>
    /// <param name="model">Model.</param>
    /// <param name="backend">Device.</param>
    /// <param name="ids">Sequences of equal length, one after the other.</param>
    /// <param name="sequenceLength">T.</param>
    /// <param name="losses">One number a sequence, or empty.</param>
    /// <param name="visitor">Gets the inputs of the linear modules; may be null.</param>
    /// <param name="options">Memory.</param>
    /// <param name="sequencesDone">Called with the number of finished sequences.</param>
    /// <param name="cancellationToken">Checked between layers.</param>
    /// <exception cref="InvalidInputException">The sequences are longer than the model's positions, shorter than two tokens, or have ids
    /// outside the vocabulary.</exception>
    /// <exception cref="NumericalException">A logit is not finite.</exception>
    public static void Forward(
        DecoderModel model,
        IBackend backend,
        ReadOnlySpan<int> ids,
        int sequenceLength,
        Span<double> losses,
        ILinearVisitor? visitor = null,
        PassOptions? options = null,
        Action<int>? sequencesDone = null,
        CancellationToken cancellationToken = default
    )
    {
        var batches = new Batches(model, ids.Length, sequenceLength, losses.Length, options);
        backend.RequireMemory(batches.Need(model, PassOptions.BytesPerLayer(model)));
        foreach (var batch in batches)
        {
            visitor?.BeginBatch(batch.First, batch.Count, sequenceLength);
            var part = ids.Slice(batch.First * sequenceLength, batch.Count * sequenceLength);
            using var hidden = backend.Allocate(part.Length, model.Config.HiddenSize);
            model.Embed(backend, part, batch.Count, hidden);
            foreach (var layer in model.Layers)
            {
                cancellationToken.ThrowIfCancellationRequested();
                layer.Forward(backend, hidden, new LayerContext(batch.Count, sequenceLength), keep: null, visitor);
            }
            if (!losses.IsEmpty)
                Loss(model, backend, hidden, part, sequenceLength, losses.Slice(batch.First, batch.Count), null);
            sequencesDone?.Invoke(batch.First + batch.Count);
        }
    }

    /// <summary>
    /// Forward and backward pass. The gradients are those of each sequence's own mean next-token loss (the loss L_b of SVD-Surgeon), so
    /// one pass over a batch serves all its sequences.
    /// </summary>
    /// <param name="model">Model.</param>
    /// <param name="backend">Device.</param>
    /// <param name="ids">Sequences of equal length, one after the other.</param>
    /// <param name="sequenceLength">T.</param>
    /// <param name="losses">One number a sequence.</param>
    /// <param name="visitor">Gets inputs, and (x, dy) of every linear module.</param>
    /// <param name="options">Memory.</param>
    /// <param name="sequencesDone">Called with the number of finished sequences.</param>
    /// <param name="cancellationToken">Checked between layers.</param>
    /// <param name="loss">Another loss than the next token's.</param>
    /// <exception cref="InvalidInputException">The sequences are longer than the model's positions, shorter than two tokens, or have ids
    /// outside the vocabulary.</exception>
    /// <exception cref="NumericalException">A logit is not finite.</exception>
    public static void Run(
        DecoderModel model,
        IBackend backend,
        ReadOnlySpan<int> ids,
        int sequenceLength,
        Span<double> losses,
        ILinearVisitor? visitor,
        PassOptions? options = null,
        Action<int>? sequencesDone = null,
        CancellationToken cancellationToken = default,
        SequenceLoss? loss = null
    )
    {
        bool recompute = options?.Recompute ?? false;
        int lowest = options?.LowestLayer ?? 0;
        var batches = new Batches(model, ids.Length, sequenceLength, losses.Length, options);
        backend.RequireMemory(batches.Need(model, PassOptions.BytesPerToken(model, recompute)));
        foreach (var batch in batches)
        {
            visitor?.BeginBatch(batch.First, batch.Count, sequenceLength);
            var part = ids.Slice(batch.First * sequenceLength, batch.Count * sequenceLength);
            var context = new LayerContext(batch.Count, sequenceLength);
            using var hidden = backend.Allocate(part.Length, model.Config.HiddenSize);
            using var kept = new KeptLayers(model.Layers.Count);
            model.Embed(backend, part, batch.Count, hidden);
            for (int i = 0; i < model.Layers.Count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (i < lowest)
                {
                    model.Layers[i].Forward(backend, hidden, context, null, visitor);
                    continue;
                }
                if (recompute)
                    backend.Copy(hidden, kept.Inputs[i] = backend.Allocate(hidden.Rows, hidden.Columns));
                else
                    kept.Activations[i] = new LayerActivations();
                model.Layers[i].Forward(backend, hidden, context, kept.Activations[i], visitor);
            }
            using var dHidden = backend.Allocate(hidden.Rows, hidden.Columns);
            var batchLosses = losses.Slice(batch.First, batch.Count);
            if (loss is not null)
                loss(batch.First, hidden, batchLosses, dHidden);
            else
                Loss(model, backend, hidden, part, sequenceLength, batchLosses, dHidden);
            for (int i = model.Layers.Count - 1; i >= lowest; i--)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (recompute)
                {
                    kept.Activations[i] = new LayerActivations();
                    model.Layers[i].Forward(backend, kept.Inputs[i]!, context, kept.Activations[i], visitor: null);
                }
                model.Layers[i].Backward(backend, kept.Activations[i]!, dHidden, visitor);
                kept.Release(i);
            }
            sequencesDone?.Invoke(batch.First + batch.Count);
        }
    }

    /// <summary>tokenLosses[t] = −log p(token t + 1) of whole sequences, 0 at the last token of each: it predicts nothing.</summary>
    /// <param name="model">Model.</param>
    /// <param name="backend">Device.</param>
    /// <param name="hidden">Output of the last layer, [B·T, hiddenSize].</param>
    /// <param name="ids">B·T token ids.</param>
    /// <param name="length">T.</param>
    /// <param name="tokenLosses">B·T numbers.</param>
    /// <param name="dHidden">Overwritten with the gradient of the sum of the sequences' mean losses; may be null.</param>
    /// <exception cref="NumericalException">A logit is not finite.</exception>
    internal static void TokenLosses(
        DecoderModel model,
        IBackend backend,
        Tensor hidden,
        ReadOnlySpan<int> ids,
        int length,
        Span<double> tokenLosses,
        Tensor? dHidden = null
    )
    {
        int[] labels = new int[ids.Length];
        ids[1..].CopyTo(labels);
        for (int last = length - 1; last < labels.Length; last += length)
            labels[last] = -1;
        model.Loss(backend, hidden, labels, tokenLosses, dHidden, 1f / (length - 1));
    }

    // losses[b] = mean of the T − 1 next-token losses of sequence b.
    private static void Loss(
        DecoderModel model,
        IBackend backend,
        Tensor hidden,
        ReadOnlySpan<int> ids,
        int length,
        Span<double> losses,
        Tensor? dHidden
    )
    {
        double[] tokenLosses = new double[ids.Length];
        TokenLosses(model, backend, hidden, ids, length, tokenLosses, dHidden);
        for (int b = 0; b < losses.Length; b++)
        {
            double sum = 0;
            foreach (double loss in tokenLosses.AsSpan(b * length, length))
                sum += loss;
            losses[b] = sum / (length - 1);
        }
    }

    private readonly struct Batches
    {
        private readonly int _sequences;
        private readonly int _atOnce;
        private readonly int _length;

        public Batches(DecoderModel model, int tokens, int sequenceLength, int losses, PassOptions? options)
        {
            if (sequenceLength < 2)
                throw new InvalidInputException($"Sequences of {sequenceLength} tokens predict nothing: use --seqlen 2 or more.");
            model.RequirePositions(sequenceLength);
            if (tokens % sequenceLength != 0)
                throw new ArgumentException($"{tokens} tokens are no whole number of sequences of {sequenceLength}.", nameof(tokens));
            _sequences = tokens / sequenceLength;
            if (losses != 0 && losses != _sequences)
                throw new ArgumentException($"{_sequences} sequences have as many losses, not {losses}.", nameof(losses));
            _atOnce = Math.Max(1, (options ?? new PassOptions()).TokensAtOnce / sequenceLength);
            _length = sequenceLength;
        }

        public MemoryNeed Need(DecoderModel model, long bytesPerToken)
        {
            long tokens = (long)Math.Min(_atOnce, _sequences) * _length,
                largest = model.Head.Count;
            foreach (var module in model.Linears)
                largest = Math.Max(largest, (long)module.OutFeatures * module.InFeatures);
            return new MemoryNeed(tokens * bytesPerToken, largest, tokens);
        }

        public IEnumerator<(int First, int Count)> GetEnumerator()
        {
            for (int first = 0; first < _sequences; first += _atOnce)
                yield return (first, Math.Min(_atOnce, _sequences - first));
        }
    }

    private sealed class KeptLayers(int layers) : IDisposable
    {
        public LayerActivations?[] Activations { get; } = new LayerActivations?[layers];
        public Tensor?[] Inputs { get; } = new Tensor?[layers];

        public void Release(int layer)
        {
            Activations[layer]?.Dispose();
            Inputs[layer]?.Dispose();
        }

        public void Dispose()
        {
            for (int i = 0; i < layers; i++)
                Release(i);
        }
    }
}
