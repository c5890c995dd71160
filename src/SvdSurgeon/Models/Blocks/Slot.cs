using SvdSurgeon.Models.Linear;

namespace SvdSurgeon.Models.Blocks;

/// <summary>The place of a linear module in a layer: it holds the dense module first, and a compressed one later.</summary>
internal sealed class Slot(LinearModule module)
{
    /// <summary>The module as it is now.</summary>
    public LinearModule Module { get; set; } = module;
}
