using System.Text.Json.Nodes;
using SvdSurgeon.Compression;
using SvdSurgeon.Formats;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Pipeline;

/// <summary>
/// The spectral factors of every linear module, kept in files: left vectors (transposed, a component a row) and right vectors in float32,
/// singular values in float64. Made once a method; every ratio, the spectral gradients and the written models read from them.
/// </summary>
internal sealed class ModuleFactors
{
    /// <summary>Stage name.</summary>
    public const string Stage = "factor";

    private readonly Artifact _artifact;

    private ModuleFactors(Artifact artifact) => _artifact = artifact;

    /// <summary>Key of the artifact.</summary>
    public string Key => _artifact.Key;

    /// <summary>Computes what is not there yet.</summary>
    /// <param name="context">The run.</param>
    /// <param name="method">Scaling before the decomposition.</param>
    /// <param name="statistics">Input statistics; null for methods that need none.</param>
    /// <param name="poolFraction">α: how many components beyond any rank are kept.</param>
    public static ModuleFactors Compute(PipelineContext context, CompressionMethod method, InputStatistics? statistics, double poolFraction)
    {
        var artifact = context.Work.Open(Stage, new JsonObject
        {
            ["model"] = context.ModelHash,
            ["method"] = method.ToString().ToLowerInvariant(),
            ["statistics"] = statistics?.Key,
            ["alpha"] = poolFraction,
        });
        int layers = context.Model.Layers.Count;
        int[] missing = [.. Enumerable.Range(0, layers).Where(layer => !artifact.Has(PipelineContext.LayerPart(layer)))];
        return context.Timed(Stage, missing.Length == 0, () =>
        {
            for (int i = 0; i < missing.Length; i++)
            {
                context.Progress.Report(new StageProgress(Stage, $"layer {missing[i] + 1}/{layers}", i, missing.Length));
                SafeTensorsWriter.Write(artifact.Part(PipelineContext.LayerPart(missing[i])), Layer(context, method, statistics, poolFraction, missing[i]));
            }
            context.Progress.Report(new StageProgress(Stage, "", 1, 1));
            return new ModuleFactors(artifact);
        });
    }

    /// <summary>The largest pool that any ratio below 1 can ask for: what is kept serves every ratio.</summary>
    public static int MaxComponents(int m, int n, double poolFraction)
    {
        int largestRank = Math.Max(1, (int)(((long)m * n - 1) / (m + n)));
        return Math.Min(Math.Min(m, n), RankBudget.Pool(m, n, largestRank, poolFraction));
    }

    /// <summary>The factors of one layer: NAME.left (K × m), NAME.sigma (R), NAME.right (K × n).</summary>
    public SafeTensorsFile OpenLayer(int layer) => SafeTensorsFile.Open(_artifact.Part(PipelineContext.LayerPart(layer)));

    private static List<TensorEntry> Layer(PipelineContext context, CompressionMethod method, InputStatistics? statistics, double poolFraction, int layer)
    {
        var la = context.Backend.LinearAlgebra;
        var entries = new List<TensorEntry>();
        using var file = statistics?.Layer(layer);
        foreach (var group in context.Model.Layers[layer].Groups)
        {
            // Modules that read the same input share H and its factor (METHODS.md, section 2).
            var whitening = method == CompressionMethod.Whiten ? WhiteningFactor.Cholesky(la, InputStatistics.Gram(file!, group)) : null;
            foreach (var module in group.Modules)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                int components = MaxComponents(module.OutFeatures, module.InFeatures, poolFraction);
                var w = Matrix.FromSingles(module.OutFeatures, module.InFeatures, module.ToDense());
                var factors = Whitening.Factorize(la, w, whitening, null, components);
                entries.Add(TensorEntry.FromSingles(module.Name + ".left", [components, module.OutFeatures], factors.Left.Transpose().ToSingles()));
                entries.Add(TensorEntry.FromDoubles(module.Name + ".sigma", factors.Sigma));
                entries.Add(TensorEntry.FromSingles(module.Name + ".right", [components, module.InFeatures], factors.Right.ToSingles()));
            }
        }
        return entries;
    }
}
