using System.Text.Json.Nodes;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline;

namespace SvdSurgeon.Reporting;

/// <summary>
/// metrics.json of a compressed model: per module what was kept and what it cost, and the perplexities. It holds nothing that differs between two runs of
/// the same recipe; times and memory are in <see cref="RunLog"/>.
/// </summary>
internal static class ModelMetrics
{
    /// <summary>The file's name in a compressed model's folder.</summary>
    public const string FileName = "metrics.json";
    private const int FormatVersion = 1;
    private const long GramBytes = 128 << 20;

    /// <summary>The metrics of the modules; perplexities come later.</summary>
    public static JsonObject Of(PipelineContext context, CompressedModules modules)
    {
        string stage = $"measure {ResultFolder.RatioText(modules.Plan.Ratio)}";
        return context.Timed(stage, false, () =>
        {
            var ranks = modules.Plan.Modules.ToDictionary(m => m.Name, StringComparer.Ordinal);
            var made = new JsonArray();
            foreach (var layers in Together(context.Model.Layers))
            {
                context.Cancellation.ThrowIfCancellationRequested();
                context.Progress.Report(new StageProgress(stage, $"layer {layers[0].Index + 1}/{context.Model.Layers.Count}", layers[0].Index, context.Model.Layers.Count));
                foreach (var module in Measure(context, modules, layers, ranks)) made.Add((JsonNode)module);
            }
            context.Progress.Report(new StageProgress(stage, "", 1, 1));
            return new JsonObject { ["format_version"] = FormatVersion, ["bytes_before"] = context.Source.Bytes, ["modules"] = made };
        });
    }

    /// <summary>Adds the perplexities of the dense and the compressed model to a folder's file, in place of those of an earlier evaluation.</summary>
    public static void AddEvaluation(string folder, TokenWindows windows, PerplexityResult dense, PerplexityResult compressed)
    {
        string file = Path.Combine(folder, FileName);
        var metrics = File.Exists(file) ? JsonFile.ReadObject(file) : new JsonObject { ["format_version"] = FormatVersion };
        metrics["evaluation"] = new JsonObject
        {
            ["token_hash"] = windows.Hash(), ["windows"] = windows.Count, ["seqlen"] = windows.Length, ["dense"] = Json(dense), ["compressed"] = Json(compressed),
        };
        AtomicFile.WriteAllText(file, JsonText.Compact(metrics));
    }

    // Modules are measured side by side, on one thread each.
    private static JsonObject[] Measure(PipelineContext context, CompressedModules modules, IReadOnlyList<DecoderLayer> layers, IReadOnlyDictionary<string, ModulePlan> plans)
    {
        var open = new List<LayerMetrics>();
        try
        {
            foreach (var layer in layers) open.Add(new LayerMetrics(context, modules, layer));
            var measured = layers.SelectMany((layer, i) => layer.Linears.Select(module => (Module: module, Layer: open[i]))).ToList();
            // The wide ones take longest and go first, so that no thread is left alone with one.
            int[] order = [.. Enumerable.Range(0, measured.Count).OrderByDescending(i => measured[i].Module.InFeatures)];
            var made = new JsonObject[measured.Count];
            context.Backend.LinearAlgebra.ForEach(made.Length, i =>
            {
                var (module, layer) = measured[order[i]];
                made[order[i]] = layer.Of(module, plans[module.Name]);
            });
            return made;
        }
        finally { open.ForEach(layer => layer.Dispose()); }
    }

    // As many layers as keep all threads busy to the end and yet need little memory for their Gram matrices; one at least.
    private static IEnumerable<IReadOnlyList<DecoderLayer>> Together(IEnumerable<DecoderLayer> layers)
    {
        var together = new List<DecoderLayer>();
        long bytes = 0;
        foreach (var layer in layers)
        {
            long more = layer.Groups.Sum(group => (long)group.InFeatures * group.InFeatures * sizeof(double));
            if (together.Count > 0 && bytes + more > GramBytes)
            {
                yield return together;
                (together, bytes) = ([], 0);
            }
            together.Add(layer);
            bytes += more;
        }
        if (together.Count > 0) yield return together;
    }

    private static JsonObject Json(PerplexityResult result) => new() { ["ppl"] = result.Ppl, ["mean_nll"] = result.MeanNll, ["log_se"] = result.LogSe };
}
