namespace SvdSurgeon.Compression.Ranks;

/// <summary>What one module gets.</summary>
/// <param name="Rank">r, or 0 when it stays dense.</param>
/// <param name="Parameters">Stored numbers, indices included.</param>
/// <param name="Loss">Its share of the predicted loss.</param>
internal readonly record struct ModuleAllocation(int Rank, long Parameters, double Loss)
{
    /// <summary>The module stays as it is.</summary>
    public bool IsDense => Rank == 0;
}
