using SvdSurgeon.Backends;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Statistics;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Stages.Newton;

/// <summary>
/// What the second-order model of a loss at compressed modules is made of: of every one G = ∂L/∂W and Σ_t d_t d_tᵀ of its output gradients,
/// of every group that has one XᵀX of its inputs.
/// </summary>
internal sealed class DivergenceSums : LayerSums
{
    /// <summary>What is put behind a group's name: XᵀX, packed.</summary>
    public const string InputGram = ".gram";

    /// <summary>What is put behind a module's name: G, m × n.</summary>
    public const string GradientSum = ".gradient";

    /// <summary>What is put behind a module's name: Σ_t d_t d_tᵀ, packed.</summary>
    public const string OutputGram = ".gram_out";

    private readonly IBackend _backend;
    private readonly Dictionary<string, GramAccumulator> _inputs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (Tensor Gradient, GramAccumulator Output)> _modules = new(StringComparer.Ordinal);
    private float[] _downloaded = [];

    /// <summary>Sums for some layers, of the modules that are truncated there.</summary>
    public DivergenceSums(IBackend backend, IReadOnlyList<DecoderLayer> layers, HashSet<string> truncated)
    {
        _backend = backend;
        foreach (var group in layers.SelectMany(layer => layer.Groups))
        {
            var modules = group.Modules.Where(m => truncated.Contains(m.Name)).ToList();
            if (modules.Count > 0)
                _inputs[group.Name] = backend.CreateGram(group.InFeatures);
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
        if (_inputs.TryGetValue(group.Name, out var gram))
            gram.Add(x);
    }

    public override void Gradient(LinearModule module, Tensor x, Tensor dy)
    {
        if (!_modules.TryGetValue(module.Name, out var sums))
            return;
        _backend.MatMul(dy, true, x, false, sums.Gradient, accumulate: true);
        sums.Output.Add(dy);
    }

    public override void MoveTo(Sums sums, DecoderLayer layer)
    {
        foreach (var group in layer.Groups)
        {
            if (_inputs.TryGetValue(group.Name, out var gram))
                gram.MoveTo(sums.Of(group.Name + InputGram, PackedSymmetric.Length(group.InFeatures)));
            foreach (var module in group.Modules)
            {
                if (!_modules.TryGetValue(module.Name, out var own))
                    continue;
                int numbers = checked((int)own.Gradient.Length);
                if (_downloaded.Length < numbers)
                    _downloaded = new float[numbers];
                var values = _downloaded.AsSpan(0, numbers);
                _backend.Download(own.Gradient, values);
                _backend.Fill(own.Gradient, 0);
                Sums.Add(values, sums.Of(module.Name + GradientSum, numbers));
                own.Output.MoveTo(sums.Of(module.Name + OutputGram, PackedSymmetric.Length(module.OutFeatures)));
            }
        }
    }

    public override void Dispose()
    {
        foreach (var gram in _inputs.Values)
            gram.Dispose();
        foreach (var (gradient, output) in _modules.Values)
        {
            gradient.Dispose();
            output.Dispose();
        }
    }
}
