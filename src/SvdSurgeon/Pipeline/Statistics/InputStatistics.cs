using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Statistics;

/// <summary>
/// What the methods need to know of the modules' inputs in the dense model: per group of modules that read the same input the Gram matrix
/// H = XᵀX, the mean and the mean absolute value of every column.
/// </summary>
internal sealed class InputStatistics
{
    private InputStatistics(Artifact artifact) => Artifact = artifact;

    /// <summary>Where they are kept.</summary>
    public Artifact Artifact { get; }

    /// <summary>Key of the artifact.</summary>
    public string Key => Artifact.Key;

    /// <summary>Collects what is not there yet; a shard collects its share of it.</summary>
    public static InputStatistics Collect(PipelineContext context, TokenSet tokens)
    {
        var statistic = Statistic(context, tokens);
        return context.Timed(
            StageNames.Gram,
            !statistic.IsIncomplete(context.Model),
            () =>
            {
                InputPass.Run(context, StageNames.Gram, tokens, statistic);
                return new InputStatistics(statistic.Artifact);
            }
        );
    }

    /// <summary>The statistic and where it is kept.</summary>
    public static Statistic Statistic(PipelineContext context, TokenSet tokens)
    {
        var artifact = context.Work.Open(StageNames.Gram, context.Inputs(tokens), given: true);
        return new Statistic(
            artifact,
            layers => new InputSums(context.Backend, layers),
            Bytes,
            (_, sums) =>
            {
                Finish(sums, (long)tokens.Sequences * tokens.Length);
                return sums.Entries();
            }
        );
    }

    /// <summary>Sums of columns become means.</summary>
    /// <param name="sums">Of one layer.</param>
    /// <param name="tokens">How many tokens they are over.</param>
    public static void Finish(Sums sums, long tokens)
    {
        foreach (string name in sums.Names.ToList())
            if (name.EndsWith(".sum", StringComparison.Ordinal) || name.EndsWith(".sum_abs", StringComparison.Ordinal))
                sums.Average(name, name.Replace(".sum", ".mean", StringComparison.Ordinal), tokens);
    }

    /// <summary>The statistics of one layer, a tensor NAME.gram, NAME.mean and NAME.mean_abs a group.</summary>
    public SafeTensorsFile Layer(int layer) => SafeTensorsFile.Open(Artifact.Part(ArtifactParts.Layer(layer)));

    /// <summary>H of the group whose first module is <paramref name="group"/>, from a file of <see cref="Layer"/>.</summary>
    public static Matrix Gram(SafeTensorsFile file, InputGroup group)
    {
        var packed = file[group.Name + ".gram"];
        return PackedSymmetric.Unpack(packed.Doubles(), group.InFeatures);
    }

    private static long Bytes(DecoderLayer layer) =>
        layer.Groups.Sum(group => PackedSymmetric.Length(group.InFeatures) * 2 * sizeof(double));

    private sealed class InputSums : LayerSums
    {
        private readonly IBackend _backend;
        private readonly Dictionary<string, (GramAccumulator Gram, double[] Sum, double[] AbsoluteSum)> _groups = new(
            StringComparer.Ordinal
        );

        public InputSums(IBackend backend, IReadOnlyList<DecoderLayer> layers)
        {
            _backend = backend;
            foreach (var group in layers.SelectMany(layer => layer.Groups))
                _groups[group.Name] = (backend.CreateGram(group.InFeatures), new double[group.InFeatures], new double[group.InFeatures]);
        }

        public override void Input(InputGroup group, Tensor x)
        {
            if (!_groups.TryGetValue(group.Name, out var sums))
                return;
            sums.Gram.Add(x);
            _backend.AddColumnSums(x, false, sums.Sum);
            _backend.AddColumnSums(x, true, sums.AbsoluteSum);
        }

        public override void MoveTo(Sums sums, DecoderLayer layer)
        {
            foreach (var group in layer.Groups)
            {
                var (gram, sum, absolute) = _groups[group.Name];
                gram.MoveTo(sums.Of(group.Name + ".gram", PackedSymmetric.Length(group.InFeatures)));
                sums.Move(sum, group.Name + ".sum");
                sums.Move(absolute, group.Name + ".sum_abs");
            }
        }

        public override void Dispose()
        {
            foreach (var (gram, _, _) in _groups.Values)
                gram.Dispose();
        }
    }
}
