using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Statistics;

/// <summary>
/// What the methods need to know of the loss gradients: for every module C = DᵀD over the gradients D at its output (two-sided whitening),
/// or the Fisher information of every row of W, Σ_b Σ_j (G_b)_ij² (FWSVD).
/// </summary>
internal sealed class OutputStatistics
{
    private OutputStatistics(Artifact artifact) => Artifact = artifact;

    /// <summary>Where they are kept.</summary>
    public Artifact Artifact { get; }

    /// <summary>Key of the artifact.</summary>
    public string Key => Artifact.Key;

    /// <summary>Collects what is not there yet; a shard collects its share of it.</summary>
    /// <param name="context">The run.</param>
    /// <param name="tokens">Calibration sequences.</param>
    /// <param name="rowFisher">Collect the rows' Fisher instead of C: that alone needs the weight gradients themselves.</param>
    /// <param name="compressed">Collect at this model, made with modules of this key, instead of the dense one.</param>
    public static OutputStatistics Collect(
        PipelineContext context,
        TokenSet tokens,
        bool rowFisher,
        (DecoderModel Model, string Key)? compressed = null
    )
    {
        var statistic = Statistic(context, tokens, rowFisher, compressed);
        bool complete = !statistic.IsIncomplete(context.Model);
        return context.Timed(
            StageNames.Gradients,
            complete,
            () =>
            {
                if (!complete)
                    GradientPass.Run(context, StageNames.Gradients, compressed?.Model ?? context.Model, tokens, statistic);
                return new OutputStatistics(statistic.Artifact);
            }
        );
    }

    /// <summary>The statistic and where it is kept.</summary>
    public static Statistic Statistic(
        PipelineContext context,
        TokenSet tokens,
        bool rowFisher,
        (DecoderModel Model, string Key)? compressed = null
    )
    {
        var inputs = context.Inputs(tokens);
        inputs["collected"] = rowFisher ? "row_fisher" : "gram";
        inputs["modules"] = compressed?.Key;
        var artifact = context.Work.Open(StageNames.Gradients, inputs, given: compressed is null);
        return rowFisher
            ? new Statistic(
                artifact,
                layers => new RowSums(context.Backend, layers, tokens.Length),
                layer => layer.Linears.Sum(m => m.OutFeatures * 2L * sizeof(double))
            )
            : new Statistic(
                artifact,
                layers => new GramSums(context.Backend, layers),
                layer => layer.Linears.Sum(m => PackedSymmetric.Length(m.OutFeatures) * 2 * sizeof(double))
            );
    }

    /// <summary>The statistics of one layer: NAME.gram_out (packed) or NAME.row_fisher a module.</summary>
    public SafeTensorsFile Layer(int layer) => SafeTensorsFile.Open(Artifact.Part(ArtifactParts.Layer(layer)));

    /// <summary>C of a module, from a file of <see cref="Layer"/>.</summary>
    public static Matrix Gram(SafeTensorsFile file, LinearModule module) =>
        PackedSymmetric.Unpack(file[module.Name + ".gram_out"].Doubles(), module.OutFeatures);

    private sealed class GramSums : LayerSums
    {
        private readonly Dictionary<string, GramAccumulator> _grams = new(StringComparer.Ordinal);

        public GramSums(IBackend backend, IReadOnlyList<DecoderLayer> layers)
        {
            foreach (var module in layers.SelectMany(layer => layer.Linears))
                _grams[module.Name] = backend.CreateGram(module.OutFeatures);
        }

        public override void Gradient(LinearModule module, Tensor x, Tensor dy)
        {
            if (_grams.TryGetValue(module.Name, out var gram))
                gram.Add(dy);
        }

        public override void MoveTo(Sums sums, DecoderLayer layer)
        {
            foreach (var module in layer.Linears)
                _grams[module.Name].MoveTo(sums.Of(module.Name + ".gram_out", PackedSymmetric.Length(module.OutFeatures)));
        }

        public override void Dispose()
        {
            foreach (var gram in _grams.Values)
                gram.Dispose();
        }
    }

    private sealed class RowSums(IBackend backend, IReadOnlyList<DecoderLayer> layers, int length) : LayerSums
    {
        private readonly Dictionary<string, double[]> _rows = layers
            .SelectMany(layer => layer.Linears)
            .ToDictionary(m => m.Name, m => new double[m.OutFeatures], StringComparer.Ordinal);

        public override void Gradient(LinearModule module, Tensor x, Tensor dy)
        {
            if (!_rows.TryGetValue(module.Name, out var rows))
                return;
            using var gradient = backend.Allocate(module.OutFeatures, module.InFeatures);
            var values = new float[gradient.Length];
            for (int first = 0; first < dy.Rows; first += length)
            {
                backend.MatMul(dy.RowRange(first, length), true, x.RowRange(first, length), false, gradient);
                backend.Download(gradient, values);
                for (int i = 0; i < rows.Length; i++)
                {
                    double sum = 0;
                    foreach (float g in values.AsSpan(i * module.InFeatures, module.InFeatures))
                        sum += (double)g * g;
                    rows[i] += sum;
                }
            }
        }

        public override void MoveTo(Sums sums, DecoderLayer layer)
        {
            foreach (var module in layer.Linears)
                sums.Move(_rows[module.Name], module.Name + ".row_fisher");
        }

        public override void Dispose() { }
    }
}
