using SvdSurgeon.Calibration;
using SvdSurgeon.Compression.Refitting;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Modules;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.States;
using SvdSurgeon.Pipeline.Statistics;

namespace SvdSurgeon.Pipeline.Stages.Newton;

/// <summary>
/// The second-order model that a Newton step rests on, of the loss L = Σ_t KL(dense ‖ compressed)_t over all tokens at the model compressed
/// so far, in the coordinates where it is the identity (<see cref="NewtonStep"/>). The divergence from the dense model, and not the
/// next-token loss, because it is zero where nothing was lost: it
/// asks for what compression took, not for what the calibration text says. What depends on the length of a step is no more than Z − s·D and
/// its decomposition.
/// </summary>
internal sealed class DivergenceModel
{
    private const string Weights = ".whitened",
        Direction = ".direction",
        OutputFactor = ".factor_out",
        InputFactor = ".factor";

    private readonly PipelineContext _context;
    private readonly ModuleMetric _metric;
    private readonly TokenSet _tokens;
    private readonly Lazy<DenseOutputs> _dense;
    private readonly Lazy<CompressedModules> _compressed;
    private readonly Lazy<Statistic> _statistic;

    /// <summary>The model, made when it is first asked for.</summary>
    /// <param name="context">The run.</param>
    /// <param name="metric">Has C of the dense model.</param>
    /// <param name="tokens">Calibration sequences.</param>
    /// <param name="dense">What the dense model predicts for them.</param>
    /// <param name="plan">Which modules are truncated.</param>
    /// <param name="modules">Key of the model compressed so far.</param>
    /// <param name="compressed">That model; asked for only when something is missing.</param>
    public DivergenceModel(
        PipelineContext context,
        ModuleMetric metric,
        TokenSet tokens,
        Lazy<DenseOutputs> dense,
        CompressionPlan plan,
        string modules,
        Lazy<CompressedModules> compressed
    )
    {
        (_context, _metric, _tokens, _dense, _compressed) = (context, metric, tokens, dense, compressed);
        var inputs = context.Inputs(tokens);
        inputs["modules"] = modules;
        inputs["metric"] = metric.Inputs();
        var truncated = plan.Modules.Where(m => m.Rank is not null).Select(m => m.Name).ToHashSet(StringComparer.Ordinal);
        Key = WorkFolder.Describe(StageNames.Divergence, inputs).Key;
        _statistic = new Lazy<Statistic>(() =>
            new Statistic(
                context.Work.Open(StageNames.Divergence, inputs),
                layers => new DivergenceSums(context.Backend, layers, truncated),
                Bytes,
                Whiten
            )
        );
    }

    /// <summary>Key of the artifact.</summary>
    public string Key { get; }

    /// <summary>Deletes it: it is large, and nothing but one step reads it.</summary>
    public void Delete()
    {
        if (_statistic.IsValueCreated)
            _context.Work.Delete(_statistic.Value.Artifact.Folder);
    }

    /// <summary>Collects what is missing.</summary>
    public void Require()
    {
        if (_statistic.Value.IsIncomplete(_context.Model))
            Collect();
    }

    /// <summary>The model of one layer.</summary>
    public Layer Open(int layer)
    {
        Require();
        return new Layer(_context.Backend.LinearAlgebra, SafeTensorsFile.Open(_statistic.Value.Artifact.Part(ArtifactParts.Layer(layer))));
    }

    private void Collect()
    {
        Directory.CreateDirectory(_statistic.Value.Artifact.Folder);
        var model = _compressed.Value.Apply(_context.Source);
        _context.Timed(
            StageNames.Divergence,
            false,
            () =>
            {
                GradientPass.Run(
                    _context,
                    StageNames.Divergence,
                    model,
                    _tokens,
                    (first, hidden, _, dHidden) => _dense.Value.Divergence(model, hidden, first, dHidden),
                    _statistic.Value
                );
                return true;
            }
        );
    }

    // S_x of the groups, and S_g, Z and D of the modules, from the sums of all tokens.
    private IEnumerable<TensorEntry> Whiten(DecoderLayer layer, Sums sums)
    {
        sums.RequireFinite();
        var la = _context.Backend.LinearAlgebra;
        using var scaling = _metric.Open(layer.Index);
        Matrix Gram(string name, int n) => PackedSymmetric.Unpack(sums.Of(name, PackedSymmetric.Length(n)), n);
        var groups = layer.Groups.Where(group => sums.Names.Contains(group.Name + DivergenceSums.InputGram)).ToList();
        var inputs = new Matrix[groups.Count];
        la.ForEach(
            groups.Count,
            g =>
                inputs[g] = WhiteningFactor.DampedLower(
                    la,
                    Gram(groups[g].Name + DivergenceSums.InputGram, groups[g].InFeatures),
                    NewtonStep.InputDamping
                )
        );

        var modules = groups
            .SelectMany((group, g) => group.Modules.Select(module => (Module: module, Input: inputs[g])))
            .Where(m => sums.Names.Contains(m.Module.Name + DivergenceSums.GradientSum))
            .ToList();
        var made = new TensorEntry[modules.Count][];
        la.ForEach(
            modules.Count,
            i =>
            {
                _context.Cancellation.ThrowIfCancellationRequested();
                var (module, input) = (modules[i].Module, WhiteningFactor.FromLower(la, modules[i].Input));
                var c = NewtonStep.OutputGram(
                    scaling.OutputGram(module),
                    Gram(module.Name + DivergenceSums.OutputGram, module.OutFeatures)
                );
                var lower = WhiteningFactor.DampedLower(la, c, NewtonStep.OutputDamping);
                var output = WhiteningFactor.FromLower(la, lower);
                var gradient = new Matrix(
                    module.OutFeatures,
                    module.InFeatures,
                    sums.Of(module.Name + DivergenceSums.GradientSum, (long)module.OutFeatures * module.InFeatures)
                );
                made[i] =
                [
                    Entry(module.Name + Weights, input.Whiten(output.WhitenRows(FactorSet.Weights(_context.Backend, module)))),
                    Entry(module.Name + Direction, NewtonStep.Direction(gradient, input, output)),
                    TensorEntry.FromDoubles(module.Name + OutputFactor, PackedSymmetric.Pack(lower)),
                ];
            }
        );
        return
        [
            .. groups.Select((group, g) => TensorEntry.FromDoubles(group.Name + InputFactor, PackedSymmetric.Pack(inputs[g]))),
            .. made.SelectMany(entries => entries),
        ];
    }

    private static TensorEntry Entry(string name, Matrix matrix) =>
        TensorEntry.FromSingles(name, [matrix.Rows, matrix.Columns], matrix.ToSingles());

    private static long Bytes(DecoderLayer layer) =>
        layer.Groups.Sum(g => PackedSymmetric.Length(g.InFeatures) * 2 * sizeof(double))
        + layer.Linears.Sum(m =>
            PackedSymmetric.Length(m.OutFeatures) * 2 * sizeof(double)
            + (long)m.OutFeatures * m.InFeatures * (sizeof(float) + sizeof(double))
        );

    /// <summary>The model of one layer's modules; its file ends with it.</summary>
    public sealed class Layer(ILinearAlgebra la, SafeTensorsFile file) : IDisposable
    {
        /// <summary>S_x of a group.</summary>
        public WhiteningFactor Input(InputGroup group) => Factor(group.Name + InputFactor, group.InFeatures);

        /// <summary>S_g of a module.</summary>
        public WhiteningFactor Output(LinearModule module) => Factor(module.Name + OutputFactor, module.OutFeatures);

        /// <summary>Z − s·D: where a step leads, m × n.</summary>
        public Matrix Target(LinearModule module, double length) =>
            NewtonStep.Target(Matrix(module, Weights), Matrix(module, Direction), length);

        private WhiteningFactor Factor(string name, int n) =>
            WhiteningFactor.FromLower(la, PackedSymmetric.UnpackLower(file[name].Doubles(), n));

        private Matrix Matrix(LinearModule module, string what) =>
            LinearAlgebra.Matrix.FromSingles(module.OutFeatures, module.InFeatures, file[module.Name + what].ToSingles());

        public void Dispose() => file.Dispose();
    }
}
