using SvdSurgeon.Models.Blocks;
using SvdSurgeon.Models.Linear;

namespace SvdSurgeon.Models;

/// <summary>Modules of one layer that read the same input and so share its Gram matrix: q, k, v; o; gate, up; down; or fc1; fc2.</summary>
internal sealed class InputGroup
{
    internal InputGroup(int layer, IReadOnlyList<Slot> slots)
    {
        (Layer, Slots) = (layer, slots);
        Name = slots[0].Module.Name;
        InFeatures = slots[0].Module.InFeatures;
    }

    /// <summary>Name of the first module.</summary>
    public string Name { get; }

    /// <summary>Index of the layer.</summary>
    public int Layer { get; }

    /// <summary>Width of the input.</summary>
    public int InFeatures { get; }

    /// <summary>The modules as they are now, compressed or not.</summary>
    public IReadOnlyList<LinearModule> Modules => [.. Slots.Select(slot => slot.Module)];

    internal IReadOnlyList<Slot> Slots { get; }
}
