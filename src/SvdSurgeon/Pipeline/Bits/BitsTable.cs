using System.Text.Json.Nodes;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Quantization;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>What every module would lose with every number of bits: rounded once each, the losses kept in the work folder.</summary>
internal sealed class BitsTable
{
    /// <summary>8 bits and a scale for 32 numbers; beyond that a plain number is as small.</summary>
    public const double MostBitsPerWeight = 9;

    // A bit more halves the step and quarters the loss; above this many nothing else is in it.
    private const int MostMeasured = 6;

    private readonly Dictionary<string, double[]> _losses;

    private BitsTable(Dictionary<string, double[]> losses) => _losses = losses;

    /// <summary>Numbers of bits, in the order of <see cref="Losses"/>.</summary>
    public static IReadOnlyList<int> Candidates { get; } =
    [.. Enumerable.Range(IntegerGrid.FewestBits, IntegerGrid.MostBits - IntegerGrid.FewestBits + 1)];

    /// <summary>Losses of a module, one for each of <see cref="Candidates"/>.</summary>
    public double[] Losses(string module) => _losses[module];

    /// <summary>Rounds what has not been rounded yet.</summary>
    public static BitsTable Of(PipelineContext context, BitsStatistics statistics, RoundingMethod method)
    {
        var artifact = context.Work.Open(
            StageNames.Bits,
            new JsonObject
            {
                ["model"] = context.ModelHash,
                ["layers"] = context.Model.Layers.Count,
                ["inputs"] = statistics.Inputs.Key,
                ["outputs"] = statistics.Weighted.Key,
                ["rounding"] = method.ToString().ToLowerInvariant(),
            }
        );
        int layers = context.Model.Layers.Count;
        bool complete = context.Model.Layers.All(layer => artifact.Has(ArtifactParts.Layer(layer.Index)));
        return context.Timed(
            StageNames.Bits,
            complete,
            () =>
            {
                var losses = new Dictionary<string, double[]>(StringComparer.Ordinal);
                for (int layer = 0; layer < layers; layer++)
                {
                    string part = ArtifactParts.Layer(layer);
                    if (!artifact.Has(part))
                    {
                        context.Progress.Report(new StageProgress(StageNames.Bits, $"layer {layer + 1}/{layers}", layer, layers));
                        artifact.Write(part, Measure(context, statistics, layer, method));
                    }
                    using var file = SafeTensorsFile.Open(artifact.Part(part));
                    foreach (var (name, tensor) in file.Tensors)
                        losses[name] = tensor.Doubles().ToArray();
                }
                context.Progress.Report(new StageProgress(StageNames.Bits, "", 1, 1));
                return new BitsTable(losses);
            }
        );
    }

    private static List<TensorEntry> Measure(PipelineContext context, BitsStatistics statistics, int layer, RoundingMethod method)
    {
        var entries = new List<TensorEntry>();
        ModuleRounding.ForEach(
            context,
            statistics,
            layer,
            method,
            (module, rounding) => entries.Add(TensorEntry.FromDoubles(module.Name, MeasureModule(module, rounding)))
        );
        return entries;
    }

    private static double[] MeasureModule(LinearModule module, ModuleRounding rounding)
    {
        var losses = new double[Candidates.Count];
        for (int i = 0; i < losses.Length; i++)
            losses[i] = Candidates[i] <= MostMeasured ? rounding.Measure(Candidates[i]).Loss : losses[i - 1] / 4;
        return double.IsFinite(losses.Sum())
            ? losses
            : throw new NumericalException(
                $"{module.Name}: the loss of rounding is not a finite number. The model's weights are probably damaged."
            );
    }
}
