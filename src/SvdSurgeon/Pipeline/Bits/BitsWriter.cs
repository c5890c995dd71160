using System.Text.Json.Nodes;
using SvdSurgeon.Chat;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.HuggingFace;
using SvdSurgeon.Formats.HuggingFace.CompressedTensors;
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
        string folder
    )
    {
        var source = context.Source;
        var config = (JsonObject)source.ConfigJson.DeepClone();
        config[QuantizationConfig.Key] = QuantizationConfig.Json(
            Grids(context, plan, options).Select(g => (g.Key[..^".weight".Length], new IntegerScheme(g.Value.Bits, g.Value.Group)))
        );
        var about = (JsonObject)description.DeepClone();
        about["bits_per_weight"] = plan.BitsPerWeight;
        about["linear_bytes"] = plan.Bytes;
        about["predicted_loss"] = plan.PredictedLoss;
        if (steps.Count > 0)
            about["auto"] = new JsonArray([.. steps.Select(step => step.ToJson())]);
        config["svdsurgeon"] = about;
        HuggingFaceWriter.Write(
            folder,
            config,
            Entries(context, name => modules.Has(name) ? modules.Entries(name) : null),
            source.Path,
            written =>
            {
                // A GGUF file carries its tokenizer in itself; a Hugging Face folder needs it as a file.
                GgufTextFiles.Write(source, written);
            }
        );
    }

    /// <summary>Bytes of the weight files that <see cref="Write"/> would write.</summary>
    public static long PlannedBytes(PipelineContext context, BitsPlan plan, BitsOptions options)
    {
        var grids = Grids(context, plan, options);
        return HuggingFaceWriter.WeightBytes(
            Entries(
                context,
                name =>
                    grids.TryGetValue(name, out var grid) && context.Source.Tensors[name] is var tensor
                        ? GridEntries.Planned(name, tensor.Rows, tensor.Columns, grid)
                        : null
            )
        );
    }

    private static Dictionary<string, IntegerGrid> Grids(PipelineContext context, BitsPlan plan, BitsOptions options)
    {
        var grids = RoundedModules.TableGrids(context, options.EmbeddingBits);
        foreach (var (module, grid) in plan.Grids)
            grids[module + ".weight"] = grid;
        return grids;
    }

    private static List<TensorEntry> Entries(PipelineContext context, Func<string, IEnumerable<TensorEntry>?> quantized)
    {
        var entries = new List<TensorEntry>();
        foreach (var tensor in context.Source.Tensors.Values)
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
