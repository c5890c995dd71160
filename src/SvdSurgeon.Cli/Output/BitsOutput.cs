using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using SvdSurgeon.Pipeline.Bits;

namespace SvdSurgeon.Cli.Output;

/// <summary>The result of compress --bits, for scripts and for persons.</summary>
internal static class BitsOutput
{
    /// <summary>What --json prints.</summary>
    public static JsonObject Json(BitsJob job, BitsResult result) =>
        new()
        {
            ["model"] = job.Model.Path,
            ["method"] = "bits",
            ["options"] = new JsonObject
            {
                ["effort"] = job.Options.Effort,
                ["embedding_bits"] = job.Options.EmbeddingBits,
                ["rounding"] = job.Options.Rounding.ToString().ToLowerInvariant(),
                ["equal_bits"] = job.Options.EqualBits,
                ["seqlen"] = job.Calibration.Length,
                ["calibration_sequences"] = job.Calibration.Sequences,
            },
            ["dense_ppl"] = result.Dense?.Ppl,
            ["stages"] = JsonOutput.Stages(result.Stages),
            ["results"] = new JsonArray([.. result.Models.Select(Json)]),
            ["warnings"] = new JsonArray([.. result.Warnings.Select(warning => JsonValue.Create(warning))]),
        };

    /// <summary>The table.</summary>
    public static void Print(BitsResult result)
    {
        var table = new Table().Border(TableBorder.Simple).Title("integers");
        foreach (string column in (string[])["bits per weight", "MB", "modules by bits", "held-out", "perplexity", "folder"])
            table.AddColumn(column);
        foreach (int i in (int[])[0, 1, 4])
            table.Columns[i].RightAligned();
        foreach (var model in result.Models)
            table.AddRow(
                Number(model.Bits, "F3"),
                Number(model.Bytes / 1e6, "F1"),
                string.Join(" ", model.Modules.Select(m => $"{m.Key}:{m.Value}")),
                Markup.Escape(string.Join(" ", model.Steps.Select(step => $"{step.Name} {Number(Math.Exp(step.HeldOutLoss), "G5")}"))),
                model.Perplexity is { } p ? $"{Number(p.Ppl, "G5")} ± {Number(p.Ppl * p.LogSe, "G2")}" : "",
                Markup.Escape(model.Folder)
            );
        AnsiConsole.Write(table);
        if (result.Dense is { } dense)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"dense model: perplexity {dense.Ppl:G5}"));
        CompressionTable.PrintStages(result.Stages);
    }

    private static JsonObject Json(QuantizedModel model)
    {
        var json = new JsonObject
        {
            ["name"] = model.Name,
            ["bits"] = model.Bits,
            ["bytes"] = model.Bytes,
            ["modules_by_bits"] = new JsonObject(
                model.Modules.Select(m => KeyValuePair.Create(m.Key.ToString(CultureInfo.InvariantCulture), (JsonNode?)m.Value))
            ),
            ["predicted_loss"] = model.PredictedLoss,
            ["folder"] = model.Folder,
            ["steps"] = new JsonArray([
                .. model.Steps.Select(step => new JsonObject
                {
                    ["step"] = step.Name,
                    ["held_out_loss"] = double.IsFinite(step.HeldOutLoss) ? step.HeldOutLoss : null,
                    ["kept"] = step.Kept,
                }),
            ]),
        };
        if (model.Perplexity is { } ppl)
        {
            json["ppl"] = ppl.Ppl;
            json["mean_nll"] = ppl.MeanNll;
            json["log_se"] = ppl.LogSe;
            json["windows"] = ppl.Windows;
        }
        return json;
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
