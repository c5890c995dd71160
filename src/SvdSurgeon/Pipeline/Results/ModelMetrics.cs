using System.Text.Json.Nodes;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Evaluation.Comparing;
using SvdSurgeon.Formats;
using SvdSurgeon.IO;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Modules;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.Results;

/// <summary>
/// metrics.json of a compressed model: per module what was kept and what it cost, and the perplexities. It holds nothing that differs
/// between two runs of the same recipe; times and memory are in <see cref="RunLog"/>.
/// </summary>
internal static class ModelMetrics
{
    /// <summary>The file's name in a compressed model's folder.</summary>
    public const string FileName = "metrics.json";
    private const int FormatVersion = 1;

    /// <summary>The metrics of the modules; perplexities come later.</summary>
    public static JsonObject Of(PipelineContext context, CompressedModules modules)
    {
        string stage = $"measure {CompressionPlan.RatioText(modules.Plan.Ratio)}";
        return context.Timed(
            stage,
            false,
            () =>
            {
                var ranks = modules.Plan.Modules.ToDictionary(m => m.Name, StringComparer.Ordinal);
                var made = new JsonObject[context.Model.Layers.Count][];
                LayersSideBySide.Run(
                    context,
                    stage,
                    context.Model.Layers,
                    layer => made[layer.Index] = Measure(context, modules, layer, ranks)
                );
                var metrics = Of(context.Source);
                metrics["modules"] = new JsonArray([.. made.SelectMany(layer => layer)]);
                return metrics;
            }
        );
    }

    /// <summary>What the metrics of every result begin with.</summary>
    public static JsonObject Of(Checkpoint dense) => new() { ["format_version"] = FormatVersion, ["bytes_before"] = dense.Bytes };

    /// <summary>
    /// Adds the perplexities of the dense and the compressed model to a folder's file, in place of those of an earlier evaluation.
    /// </summary>
    public static void AddEvaluation(string folder, TokenWindows windows, PerplexityResult dense, PerplexityResult compressed)
    {
        string file = Path.Combine(folder, FileName);
        var metrics = File.Exists(file) ? JsonFile.ReadObject(file) : new JsonObject { ["format_version"] = FormatVersion };
        metrics["evaluation"] = new JsonObject
        {
            ["token_hash"] = windows.Hash(),
            ["windows"] = windows.Count,
            ["seqlen"] = windows.Length,
            ["dense"] = Json(dense),
            ["compressed"] = Json(compressed),
        };
        AtomicFile.WriteAllText(file, JsonText.Compact(metrics));
    }

    /// <summary>Adds what the dense and the compressed model reached at tasks, in place of what an earlier run has added.</summary>
    public static void AddTasks(string folder, IReadOnlyList<TaskComparison> tasks)
    {
        string file = Path.Combine(folder, FileName);
        var metrics = File.Exists(file) ? JsonFile.ReadObject(file) : new JsonObject { ["format_version"] = FormatVersion };
        metrics["tasks"] = new JsonArray([.. tasks.Select(task => task.ToJson(times: false))]);
        AtomicFile.WriteAllText(file, JsonText.Compact(metrics));
    }

    private static JsonObject[] Measure(
        PipelineContext context,
        CompressedModules modules,
        DecoderLayer layer,
        IReadOnlyDictionary<string, ModulePlan> plans
    )
    {
        using var metrics = new LayerMetrics(context, modules, layer);
        var made = new JsonObject[layer.Linears.Count];
        // The wide ones take longest and go first, so that no thread is left alone with one.
        int[] order = [.. Enumerable.Range(0, made.Length).OrderByDescending(i => layer.Linears[i].InFeatures)];
        context.Backend.LinearAlgebra.ForEach(
            made.Length,
            i => made[order[i]] = metrics.Of(layer.Linears[order[i]], plans[layer.Linears[order[i]].Name])
        );
        return made;
    }

    private static JsonObject Json(PerplexityResult result) =>
        new()
        {
            ["ppl"] = result.Ppl,
            ["mean_nll"] = result.MeanNll,
            ["log_se"] = result.LogSe,
        };
}
