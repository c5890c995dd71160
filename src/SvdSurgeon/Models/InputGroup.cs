using SvdSurgeon.Models.Linear;

namespace SvdSurgeon.Models;

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
