using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.Formats;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Models;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline;

/// <summary>
/// What a Newton step needs to know of the model compressed so far, for the loss L = Σ_t KL(dense ‖ compressed)_t over all tokens: of every truncated module G = ∂L/∂W and
/// Σ_t d_t d_tᵀ of its output gradients, of every group that has one XᵀX of its inputs. The divergence from the dense model, and not the next-token loss,
/// because it is zero where nothing was lost: it asks for what compression took, not for what the calibration text says.
/// </summary>
internal sealed class DivergenceStatistics
{
    private const string Stage = "divergence";

    private readonly PipelineContext _context;
    private readonly TokenSet _tokens;
    private readonly Lazy<DenseOutputs> _dense;
    private readonly Lazy<CompressedModules> _compressed;
    private readonly Lazy<Statistic> _statistic;

    /// <summary>The statistics, collected when they are first asked for.</summary>
    /// <param name="context">The run.</param>
    /// <param name="tokens">Calibration sequences.</param>
    /// <param name="dense">What the dense model predicts for them.</param>
    /// <param name="plan">Which modules are truncated.</param>
    /// <param name="modules">Key of the model compressed so far.</param>
    /// <param name="compressed">That model; asked for only when something is missing.</param>
    public DivergenceStatistics(PipelineContext context, TokenSet tokens, Lazy<DenseOutputs> dense, CompressionPlan plan, string modules, Lazy<CompressedModules> compressed)
    {
        (_context, _tokens, _dense, _compressed) = (context, tokens, dense, compressed);
        var inputs = context.Inputs(tokens);
        inputs["modules"] = modules;
        var truncated = plan.Modules.Where(m => m.Rank is not null).Select(m => m.Name).ToHashSet(StringComparer.Ordinal);
        Key = WorkFolder.Describe(Stage, inputs).Key;
        _statistic = new Lazy<Statistic>(() => new Statistic(context.Work.Open(Stage, inputs), layers => new ModuleSums(context.Backend, layers, truncated), Bytes));
    }

    /// <summary>Key of the artifact.</summary>
    public string Key { get; }

    /// <summary>Deletes the statistics: they are large, and nothing but one step reads them.</summary>
    public void Delete()
    {
        if (_statistic.IsValueCreated) _context.Work.Delete(_statistic.Value.Artifact.Folder);
    }

    /// <summary>Collects what is missing.</summary>
    public void Require()
    {
        if (_statistic.Value.IsIncomplete(_context.Model)) Collect();
    }

    /// <summary>The statistics of one layer, read by the members below.</summary>
    public SafeTensorsFile Layer(int layer)
    {
        Require();
        return SafeTensorsFile.Open(_statistic.Value.Artifact.Part(PipelineContext.LayerPart(layer)));
    }

    /// <summary>G of a module, m × n.</summary>
    public static Matrix Gradient(SafeTensorsFile file, LinearModule module) => new(module.OutFeatures, module.InFeatures, file[module.Name + ".gradient"].Doubles().ToArray());

    /// <summary>Σ_t d_t d_tᵀ of a module, m × m.</summary>
    public static Matrix OutputGram(SafeTensorsFile file, LinearModule module) => PackedSymmetric.Unpack(file[module.Name + ".gram_out"].Doubles(), module.OutFeatures);

    /// <summary>XᵀX of a group, n × n.</summary>
    public static Matrix InputGram(SafeTensorsFile file, InputGroup group) => PackedSymmetric.Unpack(file[group.Name + ".gram"].Doubles(), group.InFeatures);

    private void Collect()
    {
        Directory.CreateDirectory(_statistic.Value.Artifact.Folder);
        var model = _compressed.Value.Apply(_context.Source);
        _context.Timed(Stage, false, () =>
        {
            GradientPass.Run(_context, Stage, model, _tokens, (first, hidden, _, dHidden) => _dense.Value.Divergence(model, hidden, first, dHidden), _statistic.Value);
            return true;
        });
    }

    private static long Bytes(DecoderLayer layer) => layer.Groups.Sum(g => PackedSymmetric.Length(g.InFeatures) * 2 * sizeof(double))
        + layer.Linears.Sum(m => PackedSymmetric.Length(m.OutFeatures) * 2 * sizeof(double) + (long)m.OutFeatures * m.InFeatures * (sizeof(float) + sizeof(double)));

    private sealed class ModuleSums : LayerSums
    {
        private readonly IBackend _backend;
        private readonly Dictionary<string, GramAccumulator> _inputs = new(StringComparer.Ordinal);
        private readonly Dictionary<string, (Tensor Gradient, GramAccumulator Output)> _modules = new(StringComparer.Ordinal);

        public ModuleSums(IBackend backend, IReadOnlyList<DecoderLayer> layers, HashSet<string> truncated)
        {
            _backend = backend;
            foreach (var group in layers.SelectMany(layer => layer.Groups))
            {
                var modules = group.Modules.Where(m => truncated.Contains(m.Name)).ToList();
                if (modules.Count > 0) _inputs[group.Name] = backend.CreateGram(group.InFeatures);
                foreach (var module in modules)
                {
                    var gradient = backend.Allocate(module.OutFeatures, module.InFeatures);
                    backend.Fill(gradient, 0);
                    _modules[module.Name] = (gradient, backend.CreateGram(module.OutFeatures));
                }
            }
        }

        public override void Input(InputGroup group, Tensor x)
        {
            if (_inputs.TryGetValue(group.Name, out var gram)) gram.Add(x);
        }

        public override void Gradient(LinearModule module, Tensor x, Tensor dy)
        {
            if (!_modules.TryGetValue(module.Name, out var sums)) return;
            _backend.MatMul(dy, true, x, false, sums.Gradient, accumulate: true);
            sums.Output.Add(dy);
        }

        public override void MoveTo(Sums sums, DecoderLayer layer)
        {
            foreach (var group in layer.Groups)
            {
                if (_inputs.TryGetValue(group.Name, out var gram)) gram.MoveTo(sums.Of(group.Name + ".gram", PackedSymmetric.Length(group.InFeatures)));
                foreach (var module in group.Modules)
                {
                    if (!_modules.TryGetValue(module.Name, out var own)) continue;
                    var values = new float[own.Gradient.Length];
                    _backend.Download(own.Gradient, values);
                    _backend.Fill(own.Gradient, 0);
                    double[] gradient = sums.Of(module.Name + ".gradient", values.Length);
                    for (int i = 0; i < values.Length; i++) gradient[i] += values[i];
                    own.Output.MoveTo(sums.Of(module.Name + ".gram_out", PackedSymmetric.Length(module.OutFeatures)));
                }
            }
        }

        public override void Dispose()
        {
            foreach (var gram in _inputs.Values) gram.Dispose();
            foreach (var (gradient, output) in _modules.Values)
            {
                gradient.Dispose();
                output.Dispose();
            }
        }
    }
}
