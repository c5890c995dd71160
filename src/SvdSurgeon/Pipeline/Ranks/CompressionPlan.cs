using System.Globalization;
using System.Text.Json.Nodes;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Ranks;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Pipeline.Ranks;

/// <summary>Ranks and sizes for one kept fraction.</summary>
/// <param name="Ratio">Kept fraction asked for.</param>
/// <param name="Modules">Every linear module, in data-flow order.</param>
internal sealed record CompressionPlan(double Ratio, IReadOnlyList<ModulePlan> Modules)
{
    /// <summary>Parameters of the linear modules before.</summary>
    public long Before => Modules.Sum(m => m.Before);

    /// <summary>Numbers of the linear modules after, every one counted.</summary>
    public long After => Modules.Sum(m => m.After);

    /// <summary>Kept fraction reached.</summary>
    public double AchievedRatio => (double)After / Before;

    /// <summary>Ranks by module, null for dense: for artifact keys and the written config.</summary>
    internal JsonObject RanksJson() => new(Modules.Select(m => KeyValuePair.Create(m.Name, (JsonNode?)m.Rank)));

    /// <summary>The same kept fraction for every module (docs/methods.md): known before anything is computed.</summary>
    public static CompressionPlan Uniform(DecoderModel model, double ratio, CompressionOptions options)
    {
        var problem = Problem(model, ratio, options);
        return Of(model, options, problem, AllocationRule.Uniform, UniformRule.Ranks(problem));
    }

    /// <summary>The ranks that the options' rule gives (docs/methods.md).</summary>
    /// <param name="model">The dense model.</param>
    /// <param name="ratio">Kept fraction of all linear modules together.</param>
    /// <param name="options">Allocation rule, storage and pool.</param>
    /// <param name="evidence">What the rule goes by.</param>
    internal static CompressionPlan Of(DecoderModel model, double ratio, CompressionOptions options, IRankEvidence evidence)
    {
        var problem = Problem(model, ratio, options);
        return Of(model, options, problem, options.Allocate, options.Allocate.Choose(problem, evidence));
    }

    private static AllocationProblem Problem(DecoderModel model, double ratio, CompressionOptions options) =>
        new(
            ratio,
            options.Storage,
            [
                .. model.Layers.SelectMany(layer =>
                    layer.Linears.Select(module => new ModuleShape(
                        layer.Index,
                        module.OutFeatures,
                        module.InFeatures,
                        options.BiasCorrection && module.Bias is null ? module.OutFeatures : 0
                    ))
                ),
            ]
        );

    private static CompressionPlan Of(
        DecoderModel model,
        CompressionOptions options,
        AllocationProblem problem,
        AllocationRule rule,
        int[] ranks
    ) =>
        new(
            problem.Ratio,
            [
                .. model.Linears.Select(
                    (module, i) =>
                    {
                        var shape = problem.Modules[i];
                        var (m, n, r) = (shape.Rows, shape.Columns, ranks[i]);
                        return r == 0
                            ? new ModulePlan(
                                module.Name,
                                m,
                                n,
                                null,
                                0,
                                shape.DenseNumbers,
                                shape.DenseNumbers,
                                rule.WhyDense(problem, shape)
                            )
                            : new ModulePlan(
                                module.Name,
                                m,
                                n,
                                r,
                                ComponentPool.Size(m, n, r, options.PoolFraction),
                                shape.DenseNumbers,
                                RankBudget.StoredNumbers(m, n, r, options.Storage) + shape.AddedNumbers,
                                null
                            );
                    }
                ),
            ]
        );

    /// <summary>A ratio as it stands in names: at least one digit after the point.</summary>
    public static string RatioText(double ratio) => ratio.ToString("0.0###############", CultureInfo.InvariantCulture);
}
