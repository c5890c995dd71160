using System.Text.Json.Nodes;

namespace SvdSurgeon.Models.Linear;

/// <summary>The forms of modules as config.json says them, so that other programs can build a module before they see its tensors.</summary>
internal static class ModuleShapes
{
    /// <summary>
    /// By name: kind, rank, number of kept columns, and whether there is a bias; modules that are one matrix are left out.
    /// </summary>
    public static JsonObject Json(IEnumerable<LinearModule> modules)
    {
        var shapes = new JsonObject();
        foreach (var module in modules)
            if (module is not DenseLinear)
                shapes[module.Name] = Json(module);
        return shapes;
    }

    private static JsonObject Json(LinearModule module)
    {
        var shape = new JsonObject
        {
            ["kind"] = module switch
            {
                ColumnPreservingLinear => "columns",
                PivotedLinear => "pivoted",
                LowRankLinear => "low_rank",
                _ => throw new NotSupportedException($"No other program has a module for {module.GetType().Name}."),
            },
            ["rank"] = module.Rank,
        };
        if (module is ColumnPreservingLinear columns)
            shape["columns"] = columns.Columns.Count;
        shape["bias"] = module.Bias is not null;
        return shape;
    }
}
