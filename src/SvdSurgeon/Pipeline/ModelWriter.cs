using System.Text.Json.Nodes;
using SvdSurgeon.Formats;
using SvdSurgeon.Reporting;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Pipeline;

/// <summary>Writes a compressed model as a Hugging Face folder: factors (or merged weights) for the linear modules, everything else as it was.</summary>
internal static class ModelWriter
{
    /// <summary>Writes the folder, as a whole or not at all.</summary>
    /// <returns>Bytes of the weight files.</returns>
    public static long Write(PipelineContext context, CompressedModules modules, CompressionOptions options, IReadOnlyList<AutoStep> steps, JsonObject description, Recipe recipe, string folder)
    {
        var source = context.Source;
        var truncated = modules.Plan.Modules.Where(m => m.Rank is not null).Select(m => m.Name).ToHashSet(StringComparer.Ordinal);
        var dense = context.Model.Linears.ToDictionary(m => m.Name, StringComparer.Ordinal);
        var entries = new List<TensorEntry>();
        foreach (var tensor in source.Tensors.Values)
        {
            string name = tensor.Name.EndsWith(".weight", StringComparison.Ordinal) ? tensor.Name[..^".weight".Length] : "";
            var type = options.WrittenType(tensor.Type);
            if (!truncated.Contains(name)) entries.Add(type == tensor.Type ? TensorEntry.From(tensor) : TensorEntry.From(tensor, type));
            else
            {
                var module = CompressedModules.Linear(dense[name], modules.Tensors);
                if (options.Dense) entries.Add(new TensorEntry(tensor.Name, type, tensor.Shape, stream => TensorEntry.FromSingles(tensor.Name, tensor.Shape, module.ToDense(), type).WriteTo(stream)));
                else entries.AddRange(module.StoredTensors.Select(TensorEntry.From));
            }
        }
        var config = (JsonObject)source.ConfigJson.DeepClone();
        config["svdsurgeon"] = About(context, modules, options, steps, description);
        var metrics = ModelMetrics.Of(context, modules);
        string stage = $"write {ResultFolder.RatioText(modules.Plan.Ratio)}";
        context.Progress.Report(new StageProgress(stage, folder, 0, 1));
        long bytes = HuggingFaceWriter.Write(folder, config, entries, source.Path, written =>
        {
            recipe.Write(Path.Combine(written, Recipe.FileName));
            AtomicFile.WriteAllText(Path.Combine(written, ModelMetrics.FileName), JsonText.Compact(metrics));
            // A GGUF file carries its tokenizer in itself; a Hugging Face folder needs it as a file.
            if (source.Format == "gguf") Tokenizer.Open(source.Path).WriteTokenizerJson(Path.Combine(written, "tokenizer.json"));
        });
        context.Progress.Report(new StageProgress(stage, folder, 1, 1));
        return bytes;
    }

    // What made the model, then what it became.
    private static JsonObject About(PipelineContext context, CompressedModules modules, CompressionOptions chosen, IReadOnlyList<AutoStep> steps, JsonObject description)
    {
        var about = (JsonObject)description.DeepClone();
        long before = modules.Plan.Before, after = modules.Parameters(context.Model);
        about["achieved_ratio"] = (double)after / before;
        about["parameters_before"] = before;
        about["parameters_after"] = after;
        if (steps.Count > 0)
        {
            about["chosen"] = chosen.ToJson();
            about["auto"] = new JsonArray([.. steps.Select(step => step.ToJson())]);
        }
        about["ranks"] = modules.Plan.RanksJson();
        return about;
    }
}
