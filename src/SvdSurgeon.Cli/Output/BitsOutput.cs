using System.Globalization;
using System.Text.Json.Nodes;
using SvdSurgeon.Cli.Output.Results;
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
            ["bytes"] = job.Model.Bytes,
            ["dense_ppl"] = result.Dense?.Ppl,
            ["window_length"] = result.Dense is { } dense ? dense.Tokens / dense.Windows : null,
            ["stages"] = JsonOutput.Stages(result.Stages),
            ["results"] = new JsonArray([.. result.Models.Select(Json)]),
            ["warnings"] = new JsonArray([.. result.Warnings.Select(warning => JsonValue.Create(warning))]),
        };

    /// <summary>Sizes and perplexities beside the model's, which bits the modules have, and what the training gave.</summary>
    public static void Print(BitsJob job, BitsResult result)
    {
        ResultTable.Print(
            ResultTable.Bits,
            new ResultRow("dense", "", job.Model.Bytes, result.Dense),
            [.. result.Models.Select(model => new ResultRow(model.Name, Number(model.Bits, "F3"), model.Bytes, model.Perplexity))]
        );
        foreach (var model in result.Models)
            Console.WriteLine(
                $"{model.Name}: modules of {string.Join(", ", model.Modules.Select(m => $"{m.Key} bits: {m.Value}"))}{Training(model)}"
            );
        foreach (string line in WaysOut.Lines(result.Models[0].Folder))
            Console.WriteLine(line);
        Console.WriteLine(StageSummary.Line(result.Stages));
    }

    private static string Training(QuantizedModel model) =>
        model.Steps is [var rounded, .., var trained]
            ? "; training changed the perplexity of held-out text by "
                + ResultTable.Change(Math.Exp(trained.HeldOutLoss - rounded.HeldOutLoss))
                + (trained.Kept ? "" : " and was left out")
            : "";

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
