using System.Text.Json.Nodes;
using SvdSurgeon.Chat;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.HuggingFace;
using SvdSurgeon.Formats.HuggingFace.CompressedTensors;
using SvdSurgeon.IO;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Modules;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Results;

/// <summary>
/// Writes a compressed model as a Hugging Face folder: factors (or merged weights) for the linear modules, everything else as it was.
/// </summary>
internal static class ModelWriter
{
    /// <summary>Writes the folder, as a whole or not at all.</summary>
    /// <returns>Bytes of the weight files.</returns>
    public static long Write(
        PipelineContext context,
        CompressedModules modules,
        CompressionOptions options,
        IReadOnlyList<AutoStep> steps,
        JsonObject description,
        Recipe recipe,
        string folder
    )
    {
        var source = context.Source;
        var config = (JsonObject)source.ConfigJson.DeepClone();
        config.Remove(QuantizationConfig.Key); // integers are widened on the way
        config["svdsurgeon"] = About(context, modules, options, steps, description);
        config = ModelingFile.Config(config, options.Dense ? [] : ModuleShapes.Json(modules.Apply(source).Linears));
        var metrics = ModelMetrics.Of(context, modules);
        string stage = $"write {CompressionPlan.RatioText(modules.Plan.Ratio)}";
        context.Progress.Report(new StageProgress(stage, folder, 0, 1));
        long bytes = HuggingFaceWriter.Write(
            folder,
            config,
            Entries(context, modules, options),
            source.Path,
            written =>
            {
                recipe.Write(Path.Combine(written, Recipe.FileName));
                AtomicFile.WriteAllText(Path.Combine(written, ModelMetrics.FileName), JsonText.Compact(metrics));
                // A GGUF file carries its tokenizer in itself; a Hugging Face folder needs it as a file.
                GgufTextFiles.Write(source, written);
            }
        );
        context.Progress.Report(new StageProgress(stage, folder, 1, 1));
        return bytes;
    }

    /// <summary>Bytes of the weight files that <see cref="Write"/> would write.</summary>
    public static long Bytes(PipelineContext context, CompressedModules modules, CompressionOptions options) =>
        HuggingFaceWriter.WeightBytes(Entries(context, modules, options));

    /// <summary>The same from ranks alone: right where no columns are kept and no bias is added.</summary>
    public static long PlannedBytes(PipelineContext context, CompressionPlan plan, CompressionOptions options) =>
        HuggingFaceWriter.WeightBytes(
            Entries(
                context,
                plan,
                options,
                (module, tensor) =>
                {
                    long m = module.Rows,
                        n = module.Columns,
                        r = module.Rank!.Value;
                    var type = options.WrittenType(tensor.Type);
                    TensorEntry Entry(string part, DType stored, params long[] shape) =>
                        new($"{module.Name}.{part}", stored, shape, _ => { });
                    return options.Storage == StorageForm.Pivoted
                        ? [Entry("pivots", DType.I32, r), Entry("basis", type, r, n), Entry("mix", type, m - r, r)]
                        : [Entry("A", type, m, r), Entry("B", type, r, n)];
                }
            )
        );

    private static List<TensorEntry> Entries(PipelineContext context, CompressedModules modules, CompressionOptions options)
    {
        var dense = context.Model.Linears.ToDictionary(m => m.Name, StringComparer.Ordinal);
        var entries = Entries(
            context,
            modules.Plan,
            options,
            (plan, tensor) =>
            {
                var module = StoredForms.Linear(dense[plan.Name], modules.Tensors);
                IEnumerable<StoredTensor> added = dense[plan.Name].Bias is null && module.Bias is not null ? [module.Bias] : [];
                if (!options.Dense)
                    return module.StoredTensors.Concat(added).Select(TensorEntry.From);
                var type = options.WrittenType(tensor.Type);
                return
                [
                    new TensorEntry(
                        tensor.Name,
                        type,
                        tensor.Shape,
                        stream => TensorEntry.FromSingles(tensor.Name, tensor.Shape, module.ToDense(context.Backend), type).WriteTo(stream)
                    ),
                ];
            }
        );
        // A bias that was corrected takes the place of the source's; factors have names of their own.
        return
        [
            .. entries.Select(entry => modules.Tensors.TryGetValue(entry.Name, out var corrected) ? TensorEntry.From(corrected) : entry),
        ];
    }

    // The source's tensors, those of truncated modules as given.
    private static List<TensorEntry> Entries(
        PipelineContext context,
        CompressionPlan plan,
        CompressionOptions options,
        Func<ModulePlan, StoredTensor, IEnumerable<TensorEntry>> truncated
    )
    {
        var modules = plan.Modules.Where(m => m.Rank is not null).ToDictionary(m => m.Name + ".weight", StringComparer.Ordinal);
        var entries = new List<TensorEntry>();
        foreach (var tensor in context.Source.Tensors.Values)
        {
            var type = options.WrittenType(tensor.Type);
            if (modules.TryGetValue(tensor.Name, out var module))
                entries.AddRange(truncated(module, tensor));
            else
                entries.Add(type == tensor.Type ? TensorEntry.From(tensor) : TensorEntry.From(tensor, type));
        }
        return entries;
    }

    // What made the model, then what it became.
    private static JsonObject About(
        PipelineContext context,
        CompressedModules modules,
        CompressionOptions chosen,
        IReadOnlyList<AutoStep> steps,
        JsonObject description
    )
    {
        var about = (JsonObject)description.DeepClone();
        long before = modules.Plan.Before,
            after = modules.Parameters(context.Model);
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
