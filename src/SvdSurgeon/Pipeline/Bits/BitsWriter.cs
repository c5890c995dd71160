using System.Text.Json.Nodes;
using SvdSurgeon.Chat;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.HuggingFace;
using SvdSurgeon.Formats.HuggingFace.CompressedTensors;
using SvdSurgeon.IO;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Quantization;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>
/// Writes a model of integers as a Hugging Face folder in compressed-tensors' layout; what is not quantised stays as it was.
/// </summary>
internal static class BitsWriter
{
    /// <summary>The type that a tensor which is not quantised is written in: its own, fp16 for blocks of a GGUF file.</summary>
    public static DType WrittenType(DType stored) => stored.IsQuantized() ? DType.F16 : stored;

    /// <summary>Writes the folder, as a whole or not at all.</summary>
    public static void Write(
        PipelineContext context,
        BitsPlan plan,
        BitsOptions options,
        RoundedModules modules,
        IReadOnlyList<AutoStep> steps,
        JsonObject description,
        BitsRecipe recipe,
        string folder
    )
    {
        var source = context.Source;
        var config = (JsonObject)source.ConfigJson.DeepClone();
        config[QuantizationConfig.Key] = QuantizationConfig.Json(
            Matrices(source, context.Model, plan, options)
                .Values.SelectMany(matrices => matrices)
                .Select(matrix => (ModuleForm.Target(matrix.Name), new IntegerScheme(matrix.Grid.Bits, matrix.Grid.Group)))
        );
        var about = (JsonObject)description.DeepClone();
        about["bits_per_weight"] = plan.BitsPerWeight;
        about["linear_bytes"] = plan.Bytes;
        about["predicted_loss"] = plan.PredictedLoss;
        if (steps.Count > 0)
            about["auto"] = new JsonArray([.. steps.Select(step => step.ToJson())]);
        config["svdsurgeon"] = about;
        // transformers has no factors in integers: a model_type that it does not know makes it say so instead of filling in random numbers.
        if (plan.Forms.Values.Any(form => form.Rank > 0))
            config["model_type"] = ModelingFile.Prefix + ModelingFile.PlainModelType((string)config["model_type"]!);
        HuggingFaceWriter.Write(
            folder,
            config,
            Entries(source, name => modules.Has(name) ? modules.Entries(name) : null),
            source.Path,
            written =>
            {
                recipe.Write(Path.Combine(written, Recipe.FileName));
                AtomicFile.WriteAllText(Path.Combine(written, ModelMetrics.FileName), JsonText.Compact(Metrics(context, plan)));
                // A GGUF file carries its tokenizer in itself; a Hugging Face folder needs it as a file.
                GgufTextFiles.Write(source, written);
            }
        );
    }

    /// <summary>Bytes of the weight files that <see cref="Write"/> would write.</summary>
    public static long PlannedBytes(Checkpoint source, DecoderModel model, BitsPlan plan, BitsOptions options)
    {
        var matrices = Matrices(source, model, plan, options);
        return HuggingFaceWriter.WeightBytes(
            Entries(
                source,
                name => matrices.GetValueOrDefault(name)?.SelectMany(m => GridEntries.Planned(m.Name, m.Rows, m.Columns, m.Grid))
            )
        );
    }

    private static JsonObject Metrics(PipelineContext context, BitsPlan plan)
    {
        var metrics = ModelMetrics.Of(context.Source);
        metrics["modules"] = new JsonArray([
            .. context.Model.Linears.Select(module =>
            {
                var form = plan.Forms.TryGetValue(module.Name, out var found) ? found : (ModuleForm?)null;
                return new JsonObject
                {
                    ["name"] = module.Name,
                    ["m"] = module.OutFeatures,
                    ["n"] = module.InFeatures,
                    ["bits"] = form?.Bits,
                    ["group"] = form?.Group,
                    ["rank"] = form is { Rank: > 0 } factors ? factors.Rank : null,
                    ["predicted_loss"] = plan.Losses.TryGetValue(module.Name, out double loss) ? loss : null,
                };
            }),
        ]);
        return metrics;
    }

    // What is stored in the place of a tensor, by its name.
    private static Dictionary<string, IReadOnlyList<(string Name, int Rows, int Columns, IntegerGrid Grid)>> Matrices(
        Checkpoint source,
        DecoderModel model,
        BitsPlan plan,
        BitsOptions options
    )
    {
        var matrices = new Dictionary<string, IReadOnlyList<(string, int, int, IntegerGrid)>>(StringComparer.Ordinal);
        foreach (var (table, grid) in RoundedModules.TableGrids(model, options.EmbeddingBits))
            matrices[table] = [(table, source.Tensors[table].Rows, source.Tensors[table].Columns, grid)];
        foreach (var module in model.Linears)
            if (plan.Forms.TryGetValue(module.Name, out var form))
                matrices[module.Name + ".weight"] = form.Matrices(module.Name, module.OutFeatures, module.InFeatures);
        return matrices;
    }

    private static List<TensorEntry> Entries(Checkpoint source, Func<string, IEnumerable<TensorEntry>?> quantized)
    {
        var entries = new List<TensorEntry>();
        foreach (var tensor in source.Tensors.Values)
        {
            var type = WrittenType(tensor.Type);
            if (quantized(tensor.Name) is { } parts)
                entries.AddRange(parts);
            else
                entries.Add(type == tensor.Type ? TensorEntry.From(tensor) : TensorEntry.From(tensor, type));
        }
        return entries;
    }
}
