using SvdSurgeon.Compression.Ranks;
using SvdSurgeon.Compression.Storage;

namespace SvdSurgeon.Compression.Allocation;

/// <summary>What is to be distributed, and over what.</summary>
/// <param name="Ratio">ρ, the kept fraction of all modules together.</param>
/// <param name="Storage">What a rank costs.</param>
/// <param name="Modules">Every linear module, in data-flow order.</param>
internal sealed record AllocationProblem(double Ratio, StorageForm Storage, IReadOnlyList<ModuleShape> Modules)
{
    /// <summary>Numbers that the factors of all modules may have together.</summary>
    public long Budget =>
        RankAllocation.Budget(Modules.Sum(module => module.DenseNumbers), Ratio) - Modules.Sum(module => module.AddedNumbers);

    /// <summary>Decoder layers.</summary>
    public int Layers => Modules.Max(module => module.Layer) + 1;

    /// <summary>The ranks that lose least within the budget, each module's from all of its possible ranks.</summary>
    /// <param name="losses">Loss of every rank, by module.</param>
    public int[] Best(IReadOnlyList<RankLosses> losses) =>
        [.. SpectrumAllocation.Allocate(losses, Budget, Storage).Select(module => module.Rank)];
}
