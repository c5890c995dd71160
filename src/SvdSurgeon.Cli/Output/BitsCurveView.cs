using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline.Bits;

namespace SvdSurgeon.Cli.Output;

/// <summary>svdsurgeon plan --bits: what the model would lose over the bytes of its file.</summary>
internal static class BitsCurveView
{
    private const string Missing =
        "What each module loses is not known yet, so all have the same bits here. svdsurgeon compress with --effort 1 and --work DIR "
        + "finds it (one pass forward and back over the calibration data and a sweep); plan with the same --work shows losses then.";

    /// <summary>Prints the curve.</summary>
    public static void Print(Checkpoint checkpoint, BitsCurve curve, bool json)
    {
        InputWarnings.Print(checkpoint.Warnings);
        if (json)
        {
            JsonOutput.Write(
                new JsonObject
                {
                    ["model"] = checkpoint.Path,
                    ["method"] = "bits",
                    ["losses_known"] = curve.HasLosses,
                    ["plans"] = new JsonArray([.. curve.Asked.Select(Json)]),
                    ["curve"] = new JsonArray([.. curve.Curve.Select(Json)]),
                    ["warnings"] = InputWarnings.Json(checkpoint.Warnings),
                }
            );
            return;
        }
        var table = new Table().Border(TableBorder.Simple).Title("integers, before anything is written");
        foreach (string column in (string[])["", "bits per weight", "MB", "predicted loss", "modules by bits"])
            table.AddColumn(column);
        foreach (int i in (int[])[1, 2, 3])
            table.Columns[i].RightAligned();
        foreach (var point in curve.Asked)
            Row(table, point, point.Name);
        foreach (var point in curve.Curve.Where(point => curve.Asked.All(asked => asked.Bytes != point.Bytes)))
            Row(table, point, "");
        AnsiConsole.Write(table);
        Console.WriteLine(
            curve.HasLosses
                ? "Predicted loss: second order, of rounding alone, before training. It orders sizes; --eval-text measures."
                : Missing
        );
    }

    private static void Row(Table table, BitsPoint point, string name) =>
        table.AddRow(
            name,
            Number(point.Bits, "F3"),
            Number(point.Bytes / 1e6, "F1"),
            point.PredictedLoss is { } loss ? Number(loss, "G3") : "",
            string.Join(" ", point.Modules.Select(m => $"{m.Key}:{m.Value}"))
        );

    private static JsonObject Json(BitsPoint point) =>
        new()
        {
            ["name"] = point.Name,
            ["bits"] = point.Bits,
            ["bytes"] = point.Bytes,
            ["predicted_loss"] = point.PredictedLoss,
            ["modules_by_bits"] = new JsonObject(
                point.Modules.Select(m => KeyValuePair.Create(m.Key.ToString(CultureInfo.InvariantCulture), (JsonNode?)m.Value))
            ),
        };

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
