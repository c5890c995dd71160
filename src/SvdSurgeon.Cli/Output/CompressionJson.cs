using System.Text.Json.Nodes;
using SvdSurgeon.Export;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Results;

namespace SvdSurgeon.Cli.Output;

/// <summary>The result of compress and run as --json prints it.</summary>
internal static class CompressionJson
{
    public static JsonObject Of(OpenedRecipe recipe, CompressionResult result, IReadOnlyList<ExportResult> exports)
    {
        var options = recipe.Recipe.Options;
        var settings = options.ToJson();
        settings["seqlen"] = recipe.Calibration.Length;
        settings["calibration_sequences"] = recipe.Calibration.Sequences;
        return new JsonObject
        {
            ["model"] = recipe.Model.Path,
            ["method"] = options.Method.ToString().ToLowerInvariant(),
            ["surgeon"] = options.Surgeon.ToString().ToLowerInvariant(),
            ["options"] = settings,
            ["bytes"] = recipe.Model.Bytes,
            ["dense_ppl"] = result.Dense?.Ppl,
            ["window_length"] = result.Dense is { } dense ? dense.Tokens / dense.Windows : null,
            ["parameters"] = ModelSummary.Of(recipe.Model).Parameters,
            ["stages"] = JsonOutput.Stages(result.Stages),
            ["results"] = new JsonArray([.. result.Models.Select(Result)]),
            ["exports"] = new JsonArray([.. exports.Select(ExportView.ToJson)]),
            ["warnings"] = new JsonArray([.. result.Warnings.Select(warning => JsonValue.Create(warning))]),
        };
    }

    private static JsonObject Result(CompressedModel model)
    {
        var result = new JsonObject
        {
            ["ratio"] = model.Ratio,
            ["achieved_ratio"] = model.AchievedRatio,
            ["parameters_before"] = model.ParametersBefore,
            ["parameters_after"] = model.ParametersAfter,
            ["bytes"] = model.Bytes,
            ["folder"] = model.Folder,
        };
        if (model.Perplexity is { } ppl)
        {
            result["ppl"] = ppl.Ppl;
            result["mean_nll"] = ppl.MeanNll;
            result["log_se"] = ppl.LogSe;
            result["windows"] = ppl.Windows;
        }
        if (model.Tasks.Count > 0)
            result["tasks"] = new JsonArray([.. model.Tasks.Select(task => task.ToJson())]);
        return result;
    }
}
