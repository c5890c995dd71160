using SvdSurgeon.Architectures;
using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models;

/// <summary>
/// What a layer's backward pass needs of its forward pass. Normalised inputs and the MLP's activations are not kept: the backward pass
/// computes them again from what is here. Used up by one backward pass.
/// </summary>
public sealed class LayerActivations : IDisposable
{
    private readonly List<Tensor> _tensors = [];

    internal LayerContext Context { get; set; }

    /// <summary>Input of the layer.</summary>
    internal Tensor Input { get; set; } = null!;
    internal Tensor Mean1 { get; set; } = null!;
    internal Tensor R1 { get; set; } = null!;

    /// <summary>Queries and keys as attention reads them (rotated), and values.</summary>
    internal Tensor Query { get; set; } = null!;
    internal Tensor Key { get; set; } = null!;
    internal Tensor Value { get; set; } = null!;

    /// <summary>Queries and keys before their own norm (Qwen3).</summary>
    internal Tensor RawQuery { get; set; } = null!;
    internal Tensor RawKey { get; set; } = null!;
    internal Tensor QueryR { get; set; } = null!;
    internal Tensor KeyR { get; set; } = null!;
    internal Tensor Attended { get; set; } = null!;
    internal Tensor LogSumExp { get; set; } = null!;

    /// <summary>The residual stream after attention; in post-norm layers before the norm that follows.</summary>
    internal Tensor Middle { get; set; } = null!;
    internal Tensor Mean2 { get; set; } = null!;
    internal Tensor R2 { get; set; } = null!;

    /// <summary>gate, or the output of fc1 (after ReLU, before GELU).</summary>
    internal Tensor Gate { get; set; } = null!;
    internal Tensor Up { get; set; } = null!;

    /// <summary>Post-norm layers: the residual stream after the MLP, before the last norm.</summary>
    internal Tensor Last { get; set; } = null!;

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

    /// <summary>Bytes that one layer keeps a token; a pass that recomputes keeps only <see cref="InputBytesPerToken"/>.</summary>
    public static long BytesPerToken(DecoderConfig config)
    {
        int queries = config.Heads * config.HeadDim,
            keys = config.KeyValueHeads * config.HeadDim;
        long numbers = 2L * config.HiddenSize + 2L * queries + 2L * keys + config.Heads;
        numbers += config.Family == DecoderFamily.Llama ? 2 + 2L * config.IntermediateSize : 4 + config.IntermediateSize;
        if (config.QueryKeyNorm)
            numbers += queries + keys + config.Heads + config.KeyValueHeads;
        if (config.Family == DecoderFamily.Opt && !config.PreNorm)
            numbers += config.HiddenSize;
        return numbers * sizeof(float);
    }

    /// <summary>Bytes of a layer's input a token.</summary>
    public static long InputBytesPerToken(DecoderConfig config) => (long)config.HiddenSize * sizeof(float);

    /// <summary>Returns the memory to the backend.</summary>
    public void Dispose()
    {
        foreach (var tensor in _tensors)
            tensor.Dispose();
        _tensors.Clear();
    }
}
