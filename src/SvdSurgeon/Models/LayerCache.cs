using SvdSurgeon.Architectures;
using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models;

/// <summary>Keys (rotated) and values of the tokens seen so far, for one layer and one sequence.</summary>
internal sealed class LayerCache : IDisposable
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
