using System.Text.Json.Nodes;
using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.Formats;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Models;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline;

/// <summary>
/// What the methods need to know of the loss gradients in the dense model: for every module C = DᵀD over the gradients D at its output
/// (two-sided whitening), and the Fisher information of every row of W, Σ_b Σ_j (G_b)_ij² (FWSVD). A forward and a backward pass a group of layers,
/// as many layers at once as their sums fit into memory.
/// </summary>
internal sealed class OutputStatistics
{
    /// <summary>Stage name.</summary>
    public const string Stage = "gradients";
    // Sequences go through the model together up to this many tokens.
    private const int TokensAtOnce = 1024;

    private readonly Artifact _artifact;

    private OutputStatistics(Artifact artifact) => _artifact = artifact;

    /// <summary>Key of the artifact.</summary>
    public string Key => _artifact.Key;

    /// <summary>Collects what is not there yet.</summary>
    /// <param name="context">The run.</param>
    /// <param name="tokens">Calibration sequences.</param>
    /// <param name="rowFisher">Collect the rows' Fisher instead of C: that alone needs the weight gradients themselves.</param>
    /// <param name="compressed">Collect at these modules instead of the dense ones.</param>
    public static OutputStatistics Collect(PipelineContext context, TokenSet tokens, bool rowFisher, CompressedModules? compressed = null)
    {
        var artifact = context.Work.Open(Stage, new JsonObject
        {
            ["model"] = context.ModelHash,
            ["tokens"] = tokens.Hash(),
            ["sequences"] = tokens.Sequences,
            ["length"] = tokens.Length,
            ["collected"] = rowFisher ? "row_fisher" : "gram",
            ["modules"] = compressed?.Key,
        });
        var model = compressed?.Apply(context.Source) ?? context.Model;
        var missing = context.Model.Layers.Where(layer => !artifact.Has(PipelineContext.LayerPart(layer.Index))).ToList();
        return context.Timed(Stage, missing.Count == 0, () =>
        {
            int passes = 0, layers = missing.Count;
            while (missing.Count > 0)
            {
                int count = rowFisher ? missing.Count : LayersAtOnce(missing);
                Run(context, model, tokens, artifact, missing[..count], rowFisher, layers, passes++);
                missing = missing[count..];
            }
            return new OutputStatistics(artifact);
        });
    }

    /// <summary>The statistics of one layer: NAME.gram_out (packed) or NAME.row_fisher a module.</summary>
    public SafeTensorsFile Layer(int layer) => SafeTensorsFile.Open(_artifact.Part(PipelineContext.LayerPart(layer)));

    /// <summary>C of a module, from a file of <see cref="Layer"/>.</summary>
    public static Matrix Gram(SafeTensorsFile file, LinearModule module) => PackedSymmetric.Unpack(file[module.Name + ".gram_out"].Doubles(), module.OutFeatures);

    private static int LayersAtOnce(List<DecoderLayer> layers)
    {
        long budget = ProcessMemory.Available / 4, used = 0;
        int count = 0;
        while (count < layers.Count && (used += layers[count].Linears.Sum(m => (long)m.OutFeatures * m.OutFeatures * sizeof(double))) <= budget) count++;
        return Math.Max(1, count);
    }

    private static void Run(PipelineContext context, DecoderModel model, TokenSet tokens, Artifact artifact, List<DecoderLayer> layers, bool rowFisher, int allLayers, int pass)
    {
        using var sums = new GradientSums(context.Backend, layers, rowFisher, tokens.Length);
        var options = new PassOptions { TokensAtOnce = TokensAtOnce };
        if (options.ActivationBytes(context.Model.Config, tokens.Length) > ProcessMemory.Available / 8) options = options with { Recompute = true };
        string part = layers.Count == allLayers ? "" : $" (pass {pass + 1})";
        ForwardBackward.Run(model, context.Backend, tokens.Ids, tokens.Length, new double[tokens.Sequences], sums, options,
            done => context.Progress.Report(new StageProgress(Stage, $"sequence {done}/{tokens.Sequences}{part}", done, tokens.Sequences)), context.Cancellation);
        foreach (var layer in layers) SafeTensorsWriter.Write(artifact.Part(PipelineContext.LayerPart(layer.Index)), sums.Entries(layer));
    }

    private sealed class GradientSums : ILinearVisitor, IDisposable
    {
        private readonly IBackend _backend;
        private readonly int _length;
        private readonly Dictionary<string, GramAccumulator> _grams = new(StringComparer.Ordinal);
        private readonly Dictionary<string, double[]> _rows = new(StringComparer.Ordinal);

        public GradientSums(IBackend backend, List<DecoderLayer> layers, bool rowFisher, int length)
        {
            (_backend, _length) = (backend, length);
            foreach (var module in layers.SelectMany(layer => layer.Linears))
                if (rowFisher) _rows[module.Name] = new double[module.OutFeatures];
                else _grams[module.Name] = backend.CreateGram(module.OutFeatures);
        }

        public void Gradient(LinearModule module, Tensor x, Tensor dy)
        {
            if (_grams.TryGetValue(module.Name, out var gram)) gram.Add(dy);
            if (!_rows.TryGetValue(module.Name, out var rows)) return;
            using var gradient = _backend.Allocate(module.OutFeatures, module.InFeatures);
            var values = new float[gradient.Length];
            for (int first = 0; first < dy.Rows; first += _length)
            {
                _backend.MatMul(dy.RowRange(first, _length), true, x.RowRange(first, _length), false, gradient);
                _backend.Download(gradient, values);
                for (int i = 0; i < rows.Length; i++)
                {
                    double sum = 0;
                    foreach (float g in values.AsSpan(i * module.InFeatures, module.InFeatures)) sum += (double)g * g;
                    rows[i] += sum;
                }
            }
        }

        public IEnumerable<TensorEntry> Entries(DecoderLayer layer)
        {
            foreach (var module in layer.Linears)
            {
                bool gram = _grams.TryGetValue(module.Name, out var accumulator);
                double[] values = gram ? PackedSymmetric.Pack(accumulator!.ToMatrix()) : _rows[module.Name];
                foreach (double value in values)
                    if (!double.IsFinite(value)) throw new NumericalException($"{module.Name}: its output gradients are not finite. The model's weights or the calibration data are probably damaged.");
                yield return TensorEntry.FromDoubles(module.Name + (gram ? ".gram_out" : ".row_fisher"), values);
            }
        }

        public void Dispose()
        {
            foreach (var gram in _grams.Values) gram.Dispose();
        }
    }
}
