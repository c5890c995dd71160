using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models;

/// <summary>
/// What a layer's backward pass needs of its forward pass. Normalised inputs and the MLP's activations are not kept: the backward pass
/// computes them again from what is here. Used up by one backward pass.
/// </summary>
internal sealed class LayerActivations : IDisposable
{
    private readonly List<Tensor> _tensors = [];
    private readonly Dictionary<object, object> _kept = new(ReferenceEqualityComparer.Instance);

    internal LayerContext Context { get; set; }

    /// <summary>What <paramref name="owner"/>, a block or branch of the layer, goes on with; empty at first.</summary>
    internal T Of<T>(object owner)
        where T : class, new()
    {
        if (!_kept.TryGetValue(owner, out object? kept))
            _kept.Add(owner, kept = new T());
        return (T)kept;
    }

    /// <summary>A tensor that lives as long as this object.</summary>
    internal Tensor Allocate(IBackend backend, int rows, int columns)
    {
        var tensor = backend.Allocate(rows, columns);
        _tensors.Add(tensor);
        return tensor;
    }

    internal Tensor KeepCopy(IBackend backend, Tensor source)
    {
        var copy = Allocate(backend, source.Rows, source.Columns);
        backend.Copy(source, copy);
        return copy;
    }

    /// <summary>Returns the memory to the backend.</summary>
    public void Dispose()
    {
        foreach (var tensor in _tensors)
            tensor.Dispose();
        _tensors.Clear();
        _kept.Clear();
    }
}
