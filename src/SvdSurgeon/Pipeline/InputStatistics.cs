using System.Text.Json.Nodes;
using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.Formats;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Models;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline;

/// <summary>
/// What the methods need to know of the modules' inputs in the dense model: per group of modules that read the same input the Gram matrix
/// H = XᵀX, the mean and the mean absolute value of every column. One forward pass, layer by layer: only one layer's sums are in memory.
/// </summary>
internal sealed class InputStatistics
{
    /// <summary>Stage name.</summary>
    public const string Stage = "gram";
    // Sequences are batched up to this many tokens: larger products, at a bounded cost in memory.
    private const int BatchTokens = 2048;

    private readonly Artifact _artifact;

    private InputStatistics(Artifact artifact) => _artifact = artifact;

    /// <summary>Key of the artifact.</summary>
    public string Key => _artifact.Key;

    /// <summary>Collects what is not there yet.</summary>
    public static InputStatistics Collect(PipelineContext context, TokenSet tokens)
    {
        var artifact = context.Work.Open(Stage, new JsonObject
        {
            ["model"] = context.ModelHash,
            ["tokens"] = tokens.Hash(),
            ["sequences"] = tokens.Sequences,
            ["length"] = tokens.Length,
        });
        int layers = context.Model.Layers.Count;
        int last = layers - 1;
        while (last >= 0 && artifact.Has(PipelineContext.LayerPart(last))) last--;
        return context.Timed(Stage, last < 0, () =>
        {
            if (last >= 0) Run(context, tokens, artifact, last);
            return new InputStatistics(artifact);
        });
    }

    /// <summary>The statistics of one layer, a tensor NAME.gram, NAME.mean and NAME.mean_abs a group.</summary>
    public SafeTensorsFile Layer(int layer) => SafeTensorsFile.Open(_artifact.Part(PipelineContext.LayerPart(layer)));

    /// <summary>H of the group whose first module is <paramref name="group"/>, from a file of <see cref="Layer"/>.</summary>
    public static Matrix Gram(SafeTensorsFile file, InputGroup group)
    {
        var packed = file[group.Name + ".gram"];
        return PackedSymmetric.Unpack(packed.Doubles(), group.InFeatures);
    }

    private static void Run(PipelineContext context, TokenSet tokens, Artifact artifact, int lastLayer)
    {
        var (model, backend) = (context.Model, context.Backend);
        int batch = Math.Max(1, BatchTokens / tokens.Length), length = tokens.Length;
        using var hidden = backend.Allocate(tokens.Sequences * length, model.Config.HiddenSize);
        for (int first = 0; first < tokens.Sequences; first += batch)
        {
            int count = Math.Min(batch, tokens.Sequences - first);
            model.Embed(backend, tokens.Rows(first, count), count, hidden.RowRange(first * length, count * length));
        }
        for (int layer = 0; layer <= lastLayer; layer++)
        {
            string part = PipelineContext.LayerPart(layer);
            using var sums = artifact.Has(part) ? null : new LayerSums(backend, model.Layers[layer]);
            for (int first = 0; first < tokens.Sequences; first += batch)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                int count = Math.Min(batch, tokens.Sequences - first);
                context.Progress.Report(new StageProgress(Stage, $"layer {layer + 1}/{lastLayer + 1}", (long)layer * tokens.Sequences + first, (long)(lastLayer + 1) * tokens.Sequences));
                model.Layers[layer].Forward(backend, hidden.RowRange(first * length, count * length), new LayerContext(count, length), null, sums);
            }
            if (sums is not null) SafeTensorsWriter.Write(artifact.Part(part), sums.Entries((long)tokens.Sequences * length));
        }
        context.Progress.Report(new StageProgress(Stage, "", 1, 1));
    }

    /// <summary>Sums over the calibration tokens of one layer.</summary>
    private sealed class LayerSums : ILinearVisitor, IDisposable
    {
        private readonly IBackend _backend;
        private readonly Dictionary<InputGroup, (GramAccumulator Gram, double[] Sum, double[] AbsoluteSum)> _groups = [];

        public LayerSums(IBackend backend, DecoderLayer layer)
        {
            _backend = backend;
            foreach (var group in layer.Groups) _groups[group] = (backend.CreateGram(group.InFeatures), new double[group.InFeatures], new double[group.InFeatures]);
        }

        public void Input(InputGroup group, Tensor x)
        {
            var (gram, sum, absolute) = _groups[group];
            gram.Add(x);
            _backend.AddColumnSums(x, false, sum);
            _backend.AddColumnSums(x, true, absolute);
        }

        public IEnumerable<TensorEntry> Entries(long tokens)
        {
            foreach (var (group, (gram, sum, absolute)) in _groups)
            {
                string name = group.Name;
                var full = gram.ToMatrix();
                foreach (double diagonal in Enumerable.Range(0, full.Rows).Select(i => full[i, i]))
                    if (!double.IsFinite(diagonal)) throw new NumericalException($"{name}: its inputs are not finite numbers. The model's weights are probably damaged.");
                yield return TensorEntry.FromDoubles(name + ".gram", PackedSymmetric.Pack(full));
                yield return TensorEntry.FromDoubles(name + ".mean", sum.Select(s => s / tokens).ToArray());
                yield return TensorEntry.FromDoubles(name + ".mean_abs", absolute.Select(s => s / tokens).ToArray());
            }
        }

        public void Dispose()
        {
            foreach (var (gram, _, _) in _groups.Values) gram.Dispose();
        }
    }
}
