using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Formats;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.Stages;

/// <summary>
/// Factors beside kept columns (Duo-SVD): right vectors are stored over all n columns, as the module's output sees them, so that the
/// surgeon's gradients are collected as for any other module.
/// </summary>
internal static class ColumnFactors
{
    /// <summary>Splits every module of the plan into kept columns and the factors of the rest.</summary>
    public static FactorSet Split(
        PipelineContext context,
        ModuleMetric metric,
        FactorSet whole,
        CompressionPlan plan,
        CompressionOptions options
    )
    {
        var inputs = metric.Inputs();
        inputs["model"] = context.ModelHash;
        inputs["factors"] = whole.Key;
        ArtifactOptions.Add(inputs, StageNames.Columns, options);
        inputs["ranks"] = plan.RanksJson();
        var ranks = plan.Modules.ToDictionary(m => m.Name, StringComparer.Ordinal);
        return FactorSet.Build(context, StageNames.Columns, inputs, layer => Split(context, metric, whole, ranks, options, layer));
    }

    private static List<TensorEntry> Split(
        PipelineContext context,
        ModuleMetric metric,
        FactorSet whole,
        Dictionary<string, ModulePlan> ranks,
        CompressionOptions options,
        DecoderLayer layer
    )
    {
        var la = context.Backend.LinearAlgebra;
        var entries = new List<TensorEntry>();
        using var scaling = metric.Open(layer.Index);
        using var file = whole.OpenLayer(layer.Index);
        foreach (var group in layer.Groups)
        {
            var gram = scaling.Gram(group);
            foreach (var module in group.Modules)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                if (ranks[module.Name].Rank is not { } rank)
                    continue;
                var w = FactorSet.Weights(context.Backend, module);
                var preservation = new ColumnPreservation(
                    la,
                    w,
                    gram,
                    rank,
                    FactorSet.Load(file, module.Name, int.MaxValue),
                    scaling.Output(module),
                    countIndices: true
                );
                var split = preservation.Choose(options.Columns!.Value);
                if (split.Traded == 0)
                {
                    entries.AddRange(FactorSet.Entries(module.Name, FactorSet.Load(file, module.Name, int.MaxValue)));
                    continue;
                }
                int pool = ComponentPool.Size(split.Factors.Sigma.Length, split.Rank, options.PoolFraction);
                var over = split.OverAllColumns(la);
                entries.AddRange(
                    FactorSet.Entries(
                        module.Name,
                        over with
                        {
                            Left = over.Left.ColumnRange(0, Math.Min(pool, over.Components)),
                            Right = over.Right.RowRange(0, Math.Min(pool, over.Components)),
                        }
                    )
                );
                entries.AddRange(new KeptColumns(split.Rank, split.Columns, Fixed(la, w, split)).Entries(module.Name));
            }
        }
        return entries;
    }

    // C without the part that moves with σ: W_c, and with refit W_c + W_s H_sc H_cc⁻¹.
    private static Matrix Fixed(ILinearAlgebra la, Matrix w, ColumnSplit split)
    {
        var kept = w.SelectColumns(split.Columns);
        if (split.RefitMap is not { } map)
            return kept;
        var explained = la.Multiply(w.SelectColumns(split.Rest), map);
        for (int i = 0; i < kept.Data.Length; i++)
            kept.Data[i] += explained.Data[i];
        return kept;
    }
}
