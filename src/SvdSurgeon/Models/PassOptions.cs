namespace SvdSurgeon.Models;

/// <summary>How a pass over many sequences uses memory. Results do not depend on it.</summary>
internal sealed record PassOptions
{
    /// <summary>Sequences go through the model together up to about this many tokens (at least one sequence).</summary>
    public int TokensAtOnce { get; init; } = 2048;

    /// <summary>
    /// Keep only every layer's input and compute the layer again in the backward pass: a fraction of the memory, half as much time again.
    /// </summary>
    public bool Recompute { get; init; }

    /// <summary>The backward pass ends with this layer: gradients at the layers before it are not wanted.</summary>
    public int LowestLayer { get; init; }

    /// <summary>Bytes of activations that a pass with these options holds between forward and backward.</summary>
    public long ActivationBytes(DecoderModel model, int sequenceLength)
    {
        long tokens = (long)Math.Max(1, TokensAtOnce / sequenceLength) * sequenceLength;
        return tokens * BytesPerToken(model, Recompute);
    }

    internal static long BytesPerToken(DecoderModel model, bool recompute)
    {
        if (!recompute)
            return model.Layers.Sum(layer => layer.KeptBytesPerToken);
        long input = (long)model.Config.HiddenSize * sizeof(float);
        return model.Layers.Count * input + BytesPerLayer(model);
    }

    /// <summary>What the layer that keeps most keeps of each token.</summary>
    internal static long BytesPerLayer(DecoderModel model) => model.Layers.Max(layer => layer.KeptBytesPerToken);
}
