using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models;

/// <summary>Which tokens a layer is called with.</summary>
/// <param name="Sequences">B.</param>
/// <param name="SequenceLength">T; the hidden state has B·T rows.</param>
/// <param name="Start">Position of the first token: 0, or the length of the cache.</param>
/// <param name="Cache">Keys and values of the tokens before Start, or null; with a cache there is one sequence and no backward pass.</param>
/// <param name="InputGroups">The forward pass ends once a visitor has seen the inputs of this many groups, and leaves the hidden state unfinished; 0 for the whole layer.</param>
public readonly record struct LayerContext(int Sequences, int SequenceLength, int Start = 0, LayerCache? Cache = null, int InputGroups = 0)
{
    /// <summary>B·T.</summary>
    public int Tokens => Sequences * SequenceLength;
}

/// <summary>Keys (rotated) and values of the tokens seen so far, for one layer and one sequence.</summary>
public sealed class LayerCache : IDisposable
{
    /// <param name="backend">Where the memory comes from.</param>
    /// <param name="config">For the width of keys and values.</param>
    /// <param name="capacity">Most positions.</param>
    public LayerCache(IBackend backend, DecoderConfig config, int capacity)
    {
        Keys = backend.Allocate(capacity, config.KeyValueHeads * config.HeadDim);
        Values = backend.Allocate(capacity, config.KeyValueHeads * config.HeadDim);
    }

    /// <summary>[capacity, keyValueHeads·headDim].</summary>
    public Tensor Keys { get; }

    /// <summary>[capacity, keyValueHeads·headDim].</summary>
    public Tensor Values { get; }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        Keys.Dispose();
        Values.Dispose();
    }
}
