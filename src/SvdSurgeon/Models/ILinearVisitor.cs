using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models;

/// <summary>
/// What statistics are collected from: the inputs of the linear modules in the forward pass, inputs and output gradients in the backward
/// pass. The tensors are valid during the call only. Weight gradients are never formed: ∂L/∂W = dyᵀ x is what (x, dy) stand for.
/// </summary>
public interface ILinearVisitor
{
    /// <summary>The following calls are about these sequences.</summary>
    /// <param name="first">Number of the first sequence in the run.</param>
    /// <param name="count">B; the tensors that follow have B·T rows.</param>
    /// <param name="sequenceLength">T.</param>
    void BeginBatch(int first, int count, int sequenceLength) { }

    /// <summary>Forward: x [B·T, n] is the input of every module of <paramref name="group"/>; called once a group, in order of the data flow.</summary>
    void Input(InputGroup group, Tensor x) { }

    /// <summary>Backward: x [B·T, n] is the module's input, dy [B·T, m] the gradient of each sequence's mean loss at its output.</summary>
    void Gradient(LinearModule module, Tensor x, Tensor dy) { }
}

/// <summary>Modules of one layer that read the same input and so share its Gram matrix: q, k, v; o; gate, up; down; or fc1; fc2.</summary>
public sealed class InputGroup
{
    private readonly DecoderLayer _layer;
    private readonly int _first;
    private readonly int _count;

    internal InputGroup(DecoderLayer layer, int first, int count)
    {
        (_layer, _first, _count) = (layer, first, count);
        Name = layer.Linears[first].Name;
    }

    /// <summary>Name of the first module.</summary>
    public string Name { get; }

    /// <summary>Index of the layer.</summary>
    public int Layer => _layer.Index;

    /// <summary>Width of the input.</summary>
    public int InFeatures => _layer.Linears[_first].InFeatures;

    /// <summary>The modules as they are now, compressed or not.</summary>
    public IReadOnlyList<LinearModule> Modules => [.. _layer.Linears.Skip(_first).Take(_count)];
}
