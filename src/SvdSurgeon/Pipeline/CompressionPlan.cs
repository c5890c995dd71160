using SvdSurgeon.Compression;
using SvdSurgeon.Models;

namespace SvdSurgeon.Pipeline;

/// <summary>What becomes of one linear module.</summary>
/// <param name="Name">Hugging Face module name.</param>
/// <param name="Rows">m, out features.</param>
/// <param name="Columns">n, in features.</param>
/// <param name="Rank">r; null when the module stays dense.</param>
/// <param name="Pool">k: components that the surgeon sees.</param>
/// <param name="Before">Parameters m·n.</param>
/// <param name="After">Parameters stored.</param>
/// <param name="DenseReason">Why it stays dense, or null.</param>
public sealed record ModulePlan(string Name, int Rows, int Columns, int? Rank, int Pool, long Before, long After, string? DenseReason);

/// <summary>Ranks and sizes for one kept fraction, before anything is computed.</summary>
/// <param name="Ratio">Kept fraction asked for.</param>
/// <param name="Modules">Every linear module, in data-flow order.</param>
public sealed record CompressionPlan(double Ratio, IReadOnlyList<ModulePlan> Modules)
{
    /// <summary>Parameters of the linear modules before.</summary>
    public long Before => Modules.Sum(m => m.Before);
    /// <summary>Parameters of the linear modules after, every stored number counted.</summary>
    public long After => Modules.Sum(m => m.After);
    /// <summary>Kept fraction reached.</summary>
    public double AchievedRatio => (double)After / Before;

    /// <summary>The uniform plan: the same kept fraction for every module (METHODS.md, section 0).</summary>
    public static CompressionPlan Uniform(DecoderModel model, double ratio, CompressionOptions options) =>
        new(ratio, [.. model.Linears.Select(module => Plan(module, ratio, options))]);

    private static ModulePlan Plan(LinearModule module, double ratio, CompressionOptions options)
    {
        int m = module.OutFeatures, n = module.InFeatures;
        int rank = RankBudget.Rank(m, n, ratio), pool = RankBudget.Pool(m, n, rank, options.SurgeonOptions.PoolFraction);
        long before = (long)m * n, factored = (long)rank * (m + n);
        return factored < before
            ? new ModulePlan(module.Name, m, n, rank, pool, before, factored, null)
            : new ModulePlan(module.Name, m, n, null, pool, before, before, $"rank {rank} would store {factored:N0} numbers, not fewer than {before:N0}");
    }
}
