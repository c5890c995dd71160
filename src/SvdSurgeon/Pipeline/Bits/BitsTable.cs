using System.Text.Json.Nodes;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>What every module would lose with every number of bits: rounded once each, the losses kept in the work folder.</summary>
internal sealed class BitsTable
{
    /// <summary>8 bits and a scale for 32 numbers; beyond that a plain number is as small.</summary>
    public const double MostBitsPerWeight = 9;

    // A bit more halves the step and quarters the loss; above this many nothing else is in it.
    private const int MostMeasured = 6;

    private readonly Dictionary<string, double[]> _losses;

    private BitsTable(Dictionary<string, double[]> losses, bool small) => (_losses, Small) = (losses, small);

    /// <summary>Forms below 2 bits in the usual groups are in it.</summary>
    public bool Small { get; }

    /// <summary>Losses of a module, one for each of <see cref="ModuleForm.Candidates"/>.</summary>
    public double[] Losses(string module) => _losses[module];

    /// <summary>Rounds what has not been rounded yet.</summary>
    public static BitsTable Of(PipelineContext context, BitsStatistics statistics, RoundingMethod method, bool small)
    {
        var inputs = new JsonObject
        {
            ["model"] = context.ModelHash,
            ["layers"] = context.Model.Layers.Count,
            ["inputs"] = statistics.Inputs.Key,
            ["outputs"] = statistics.Weighted.Key,
            ["rounding"] = method.ToString().ToLowerInvariant(),
        };
        if (small)
            inputs["small"] = true;
        var artifact = context.Work.Open(StageNames.Bits, inputs);
        int layers = context.Model.Layers.Count;
        bool complete = context.Model.Layers.All(layer => artifact.Has(ArtifactParts.Layer(layer.Index)));
        return context.Timed(
            StageNames.Bits,
            complete,
            () =>
            {
                for (int layer = 0; layer < layers; layer++)
                {
                    string part = ArtifactParts.Layer(layer);
                    if (artifact.Has(part))
                        continue;
                    context.Progress.Report(new StageProgress(StageNames.Bits, $"layer {layer + 1}/{layers}", layer, layers));
                    artifact.Write(part, Measure(context, statistics, layer, method, small));
                }
                context.Progress.Report(new StageProgress(StageNames.Bits, "", 1, 1));
                return Read(artifact, layers, small);
            }
        );
    }

    /// <summary>The table that an earlier run of a model has left in a work folder, the newest where there are several.</summary>
    /// <param name="work">The folder.</param>
    /// <param name="modelHash">SHA-256 of the model's files.</param>
    /// <param name="layers">Its layers.</param>
    /// <param name="method">How numbers were rounded.</param>
    /// <param name="small">With the small forms.</param>
    /// <returns>Null where there is none.</returns>
    public static BitsTable? Find(string work, string modelHash, int layers, RoundingMethod method, bool small) =>
        StoredArtifact
            .In(work)
            .Where(found =>
                found.Stage == StageNames.Bits
                && (string?)found.Inputs["model"] == modelHash
                && (string?)found.Inputs["rounding"] == method.ToString().ToLowerInvariant()
                && ((bool?)found.Inputs["small"] ?? false) == small
                && Enumerable.Range(0, layers).All(layer => found.Artifact.Has(ArtifactParts.Layer(layer)))
            )
            .OrderBy(found => File.GetLastWriteTimeUtc(found.Artifact.Part(ArtifactParts.Layer(layers - 1))))
            .LastOrDefault()
            is { } newest
            ? Read(newest.Artifact, layers, small)
            : null;

    private static BitsTable Read(Artifact artifact, int layers, bool small)
    {
        var losses = new Dictionary<string, double[]>(StringComparer.Ordinal);
        for (int layer = 0; layer < layers; layer++)
        {
            using var file = SafeTensorsFile.Open(artifact.Part(ArtifactParts.Layer(layer)));
            foreach (var (name, tensor) in file.Tensors)
                losses[name] = tensor.Doubles().ToArray();
        }
        return new BitsTable(losses, small);
    }

    private static List<TensorEntry> Measure(
        PipelineContext context,
        BitsStatistics statistics,
        int layer,
        RoundingMethod method,
        bool small
    )
    {
        var entries = new List<TensorEntry>();
        ModuleRounding.ForEach(
            context,
            statistics,
            layer,
            method,
            (module, rounding) => entries.Add(TensorEntry.FromDoubles(module.Name, MeasureModule(module, rounding, small)))
        );
        return entries;
    }

    private static double[] MeasureModule(LinearModule module, ModuleRounding rounding, bool small)
    {
        var forms = ModuleForm.Candidates(module.OutFeatures, module.InFeatures, small);
        var losses = new double[forms.Count];
        for (int i = 0; i < losses.Length; i++)
            losses[i] = forms[i].Bits <= MostMeasured ? rounding.Measure(forms[i]) : losses[i - 1] / 4;
        return double.IsFinite(losses.Sum())
            ? losses
            : throw new NumericalException(
                $"{module.Name}: the loss of rounding is not a finite number. The model's weights are probably damaged."
            );
    }
}
