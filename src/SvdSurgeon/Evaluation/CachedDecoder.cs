using SvdSurgeon.Backends;
using SvdSurgeon.Models;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Evaluation;

/// <summary>A model with the keys and values of one text so far: tokens are appended, and the logits after the last one read.</summary>
internal sealed class CachedDecoder : IDisposable
{
    private readonly DecoderModel _model;
    private readonly IBackend _backend;
    private readonly LayerCache[] _caches;

    /// <param name="model">Model.</param>
    /// <param name="backend">Device.</param>
    /// <param name="capacity">Most tokens of the text.</param>
    public CachedDecoder(DecoderModel model, IBackend backend, int capacity)
    {
        (_model, _backend, Capacity) = (model, backend, capacity);
        _caches = new LayerCache[model.Layers.Count];
        for (int i = 0; i < _caches.Length; i++)
            _caches[i] = new LayerCache(backend, model.Config, capacity);
    }

    /// <summary>Most tokens of the text.</summary>
    public int Capacity { get; }

    /// <summary>Tokens so far.</summary>
    public int Length { get; private set; }

    /// <summary>Appends tokens; <paramref name="logits"/> (one a word) are those for the token that follows.</summary>
    /// <exception cref="InvalidInputException">There is no room, or an id is not in the vocabulary.</exception>
    /// <exception cref="NumericalException">A logit is not finite.</exception>
    public void Append(ReadOnlySpan<int> ids, Span<float> logits)
    {
        using var hidden = Advance(ids);
        using var row = _backend.Allocate(1, _model.Config.VocabSize);
        _model.Logits(_backend, hidden.RowRange(ids.Length - 1, 1), row);
        _backend.Download(row, logits);
        foreach (float logit in logits)
            if (!float.IsFinite(logit))
                throw new NumericalException(
                    $"The logits after {Length} tokens are not finite. A weight of the model is NaN or infinite, or its numbers overflow "
                        + $"in float32."
                );
    }

    /// <summary>Forgets all but the first <paramref name="length"/> tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer.</exception>
    public void Rewind(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)Length, nameof(length));
        Length = length;
    }

    /// <summary>Appends tokens.</summary>
    /// <returns>The last layer's output, [tokens, hiddenSize]; the caller disposes of it.</returns>
    /// <exception cref="InvalidInputException">There is no room, or an id is not in the vocabulary.</exception>
    internal Tensor Advance(ReadOnlySpan<int> ids)
    {
        var hidden = Forward(ids, 1);
        Length += ids.Length;
        return hidden;
    }

    /// <summary>Reads several continuations of the text side by side, and appends none of them.</summary>
    /// <param name="ids">Continuations of equal length, one after the other.</param>
    /// <param name="branches">How many.</param>
    /// <returns>The last layer's output, [branches · length, hiddenSize]; the caller disposes of it.</returns>
    /// <exception cref="InvalidInputException">There is no room, or an id is not in the vocabulary.</exception>
    internal Tensor Branch(ReadOnlySpan<int> ids, int branches) => Forward(ids, branches);

    private Tensor Forward(ReadOnlySpan<int> ids, int sequences)
    {
        int length = ids.Length / sequences;
        if (Length + length > Capacity)
            throw new InvalidInputException($"The cache holds {Capacity} tokens; {Length} and {length} more do not fit.");
        var hidden = _backend.Allocate(ids.Length, _model.Config.HiddenSize);
        try
        {
            _model.Embed(_backend, ids, sequences, hidden, Length);
            for (int i = 0; i < _caches.Length; i++)
                _model.Layers[i].Forward(_backend, hidden, new LayerContext(sequences, length, Length, _caches[i]));
            return hidden;
        }
        catch
        {
            hidden.Dispose();
            throw;
        }
    }

    /// <summary>Frees the cache.</summary>
    public void Dispose()
    {
        foreach (var cache in _caches)
            cache.Dispose();
    }
}
