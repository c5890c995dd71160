using System.Globalization;
using Spectre.Console;
using SvdSurgeon.Pipeline.Ranks;

namespace SvdSurgeon.Cli.Output;

/// <summary>Ranks and sizes of a plan, a row for every kind of module.</summary>
internal static class PlanTable
{
    /// <summary>A table with a row per kind, ranges over the layers; or with a row per module.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="bytes">Size of a module's numbers.</param>
    /// <param name="all">A row per module.</param>
    public static Table Of(CompressionPlan plan, Func<ModulePlan, long> bytes, bool all)
    {
        var table = NumberTable.With(all ? "module" : "modules", all ? "" : "layers", "shape", "rank", "numbers", "after", "size", "");
        foreach (var kind in plan.Modules.GroupBy(module => (all ? module.Name : ModuleKinds.Kind(module.Name), module.Rank is null)))
        {
            var first = kind.First();
            table.AddRow(
                Markup.Escape(kind.Key.Item1),
                all ? "" : ModuleKinds.Layers([.. kind.Select(module => ModuleKinds.Layer(module.Name)).OfType<int>()]),
                $"{first.Rows} × {first.Columns}",
                first.Rank is null ? "dense" : ModuleKinds.Range([.. kind.Select(module => module.Rank).OfType<int>()]),
                Text(kind.Sum(module => module.Before)),
                Text(kind.Sum(module => module.After)),
                Bytes.Text(kind.Sum(bytes)),
                Markup.Escape(first.DenseReason ?? "")
            );
        }
        return table;
    }

    private static string Text(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
