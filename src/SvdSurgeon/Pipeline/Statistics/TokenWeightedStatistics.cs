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
/// What rounding needs to know of a module besides its inputs: the Gram matrix H_g = Σ_t ‖g_t‖² x_t x_tᵀ, in which a token weighs as much
/// as the loss hangs on the module's output there (METHODS.md, section 10, (5)), and the energy Σ_t g_ti² of the gradient at every output,
/// the diagonal of C.
/// </summary>
internal sealed class TokenWeightedStatistics
{
    private TokenWeightedStatistics(Artifact artifact) => Artifact = artifact;

    /// <summary>Where they are kept.</summary>
    public Artifact Artifact { get; }

    /// <summary>Key of the artifact.</summary>
    public string Key => Artifact.Key;

    /// <summary>Collects what is not there yet, and in the same passes what another statistic lacks.</summary>
    public static TokenWeightedStatistics Collect(PipelineContext context, TokenSet tokens, Statistic together)
    {
        var statistic = Statistic(context, tokens);
        bool complete = !statistic.IsIncomplete(context.Model);
        return context.Timed(
            StageNames.Weighted,
            complete,
            () =>
            {
                if (!complete)
                    GradientPass.Run(context, StageNames.Weighted, context.Model, tokens, together, statistic);
                return new TokenWeightedStatistics(statistic.Artifact);
            }
        );
    }

    /// <summary>The statistics of one layer: NAME.gram_weighted (packed) and NAME.energy a module.</summary>
    public SafeTensorsFile Layer(int layer) => SafeTensorsFile.Open(Artifact.Part(ArtifactParts.Layer(layer)));

    /// <summary>H_g of a module, from a file of <see cref="Layer"/>.</summary>
    public static Matrix Gram(SafeTensorsFile file, LinearModule module) =>
        PackedSymmetric.Unpack(file[module.Name + ".gram_weighted"].Doubles(), module.InFeatures);

    /// <summary>Energy of the gradient at every output of a module, from a file of <see cref="Layer"/>.</summary>
    public static double[] Energy(SafeTensorsFile file, LinearModule module) => file[module.Name + ".energy"].Doubles().ToArray();

    private static Statistic Statistic(PipelineContext context, TokenSet tokens)
    {
        var artifact = context.Work.Open(StageNames.Weighted, context.Inputs(tokens), given: true);
        return new Statistic(
            artifact,
            layers => new WeightedSums(context.Backend, layers),
            layer => layer.Linears.Sum(m => PackedSymmetric.Length(m.InFeatures) * 2 * sizeof(double))
        );
    }

    private sealed class WeightedSums : LayerSums
    {
        private readonly IBackend _backend;
        private readonly Dictionary<string, (GramAccumulator Gram, double[] Energy)> _modules = new(StringComparer.Ordinal);

        public WeightedSums(IBackend backend, IReadOnlyList<DecoderLayer> layers)
        {
            _backend = backend;
            foreach (var module in layers.SelectMany(layer => layer.Linears))
                _modules[module.Name] = (backend.CreateGram(module.InFeatures), new double[module.OutFeatures]);
        }

        public override void Gradient(LinearModule module, Tensor x, Tensor dy)
        {
            if (!_modules.TryGetValue(module.Name, out var sums))
                return;
            var (inputs, gradients) = (new float[x.Length], new float[dy.Length]);
            _backend.Download(x, inputs);
            _backend.Download(dy, gradients);
            for (int t = 0; t < x.Rows; t++)
            {
                var g = gradients.AsSpan(t * dy.Columns, dy.Columns);
                double square = 0;
                for (int i = 0; i < g.Length; i++)
                {
                    double energy = (double)g[i] * g[i];
                    sums.Energy[i] += energy;
                    square += energy;
                }
                float weight = (float)Math.Sqrt(square);
                foreach (ref float value in inputs.AsSpan(t * x.Columns, x.Columns))
                    value *= weight;
            }
            using var scaled = _backend.Allocate(x.Rows, x.Columns);
            _backend.Upload(inputs, scaled);
            sums.Gram.Add(scaled);
        }

        public override void MoveTo(Sums sums, DecoderLayer layer)
        {
            foreach (var module in layer.Linears)
            {
                _modules[module.Name].Gram.MoveTo(sums.Of(module.Name + ".gram_weighted", PackedSymmetric.Length(module.InFeatures)));
                sums.Move(_modules[module.Name].Energy, module.Name + ".energy");
            }
        }

        public override void Dispose()
        {
            foreach (var (gram, _) in _modules.Values)
                gram.Dispose();
        }
    }
}
