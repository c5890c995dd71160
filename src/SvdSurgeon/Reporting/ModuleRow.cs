using System.Text.Json.Nodes;

namespace SvdSurgeon.Reporting;

/// <summary>One module of a result, from metrics.json.</summary>
internal sealed record ModuleRow(
    string Name,
    int Layer,
    int Rows,
    int Columns,
    string Form,
    int? Rank,
    int KeptColumns,
    long Before,
    long After,
    double? OutputErrorBefore,
    double? OutputError,
    double? WeightErrorBefore,
    double? WeightError,
    double[] Spectrum,
    int[]? Kept,
    double[]? Corrected,
    double[]? Saliencies
)
{
    /// <summary>What the module does, such as q_proj.</summary>
    public string Role => Name[(Name.LastIndexOf('.') + 1)..];

    public static ModuleRow Of(JsonNode json) =>
        new(
            json["name"]!.GetValue<string>(),
            (int)json["layer"]!,
            (int)json["m"]!,
            (int)json["n"]!,
            json["form"]!.GetValue<string>(),
            (int?)json["rank"],
            json["columns"]!.AsArray().Count,
            (long)json["parameters_before"]!,
            (long)json["parameters_after"]!,
            (double?)json["output_error_before"],
            (double?)json["output_error"],
            (double?)json["weight_error_before"],
            (double?)json["weight_error"],
            Numbers(json["spectrum"]) ?? [],
            json["kept"] is JsonArray kept ? [.. kept.Select(i => (int)i!)] : null,
            Numbers(json["corrected"]),
            Numbers(json["saliencies"])
        );

    private static double[]? Numbers(JsonNode? json) => json is JsonArray array ? [.. array.Select(value => (double)value!)] : null;
}
