using System.Text.Json.Nodes;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Modules;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.Results;

/// <summary>Measures the compressed modules of one layer as they are stored; several at once.</summary>
internal sealed class LayerMetrics : IDisposable
{
    private readonly PipelineContext _context;
    private readonly CompressedModules _modules;
    private readonly DecoderLayer _layer;
    private readonly SafeTensorsFile _factors;
    private readonly SafeTensorsFile? _surgery;
    private readonly ModuleMetric.Layer _metric;

    // H = XᵀX of the group of every module, read when the first of them is measured; null where the method asks for no inputs.
    private readonly Dictionary<string, Lazy<Matrix?>> _grams = new(StringComparer.Ordinal);

    public LayerMetrics(PipelineContext context, CompressedModules modules, DecoderLayer layer)
    {
        (_context, _modules, _layer) = (context, modules, layer);
        _factors = modules.Factors.OpenLayer(layer.Index);
        _surgery = modules.OpenSurgery(layer.Index);
        _metric = modules.Metric.Open(layer.Index);
        foreach (var group in layer.Groups)
        {
            var gram = new Lazy<Matrix?>(() => _metric.CollectedGram(group));
            foreach (var module in group.Modules)
                _grams.Add(module.Name, gram);
        }
    }

    /// <summary>
    /// What became of a module: spectrum, kept and corrected values, and how far it is from what it was, ‖(W − W')Xᵀ‖ / ‖WXᵀ‖ of the
    /// outputs and ‖W − W'‖ / ‖W‖ of the weights, before the surgeon and in the end.
    /// </summary>
    public JsonObject Of(LinearModule module, ModulePlan plan)
    {
        string name = module.Name;
        // Without the bias: it is no part of W.
        var dense = new DenseLinear(name, module.StoredTensors[0], null);
        var stored = plan.Rank is null ? dense : StoredForms.Linear(dense, _modules.Tensors);
        int[] columns =
            _factors.Tensors.ContainsKey(name + ".columns") && plan.Rank is not null ? Indices(_factors, name + ".columns") : [];
        var json = new JsonObject
        {
            ["name"] = name,
            ["layer"] = _layer.Index,
            ["m"] = module.OutFeatures,
            ["n"] = module.InFeatures,
            ["form"] = stored.Kind,
            ["rank"] = stored.Rank,
            ["columns"] = new JsonArray([.. columns.Select(c => (JsonNode)c)]),
            ["parameters_before"] = module.ParameterCount,
            ["parameters_after"] = stored.ParameterCount,
            ["dense_reason"] = plan.DenseReason,
        };
        if (plan.Rank is not null)
            AddErrors(json, dense, stored, columns, _grams[name].Value);
        if (_factors.Tensors.TryGetValue(name + ".sigma", out var sigma))
            json["spectrum"] = Numbers(sigma.Doubles());
        if (Surgery(name) is { } kept)
        {
            json["corrected"] = Numbers(_surgery![name + ".sigma"].Doubles());
            if (_surgery.Tensors.TryGetValue(name + ".saliency", out var saliency))
            {
                json["kept"] = new JsonArray([.. kept.Select(i => (JsonNode)i)]);
                json["saliencies"] = Numbers(saliency.Doubles());
            }
        }
        return json;
    }

    public void Dispose()
    {
        _factors.Dispose();
        _surgery?.Dispose();
        _metric.Dispose();
    }

    private void AddErrors(JsonObject json, DenseLinear dense, LinearModule stored, int[] columns, Matrix? gram)
    {
        var la = _context.Backend.LinearAlgebra;
        var w = FactorSet.Weights(_context.Backend, dense);
        (double outputs, double weights) = (
            gram is null ? 0 : _modules.Metric.OutputNorm(dense.Name, () => Truncation.Norm(la, w, gram)),
            Norm(w)
        );
        void Add(string when, Matrix difference)
        {
            json["output_error" + when] = gram is null ? null : Relative(Truncation.Norm(la, difference, gram), outputs);
            json["weight_error" + when] = Relative(Norm(difference), weights);
        }
        if (Surgery(dense.Name) is { } kept)
        {
            var uncorrected = Uncorrected(la, dense, kept.Length, columns);
            for (int i = 0; i < w.Data.Length; i++)
                uncorrected.Data[i] = w.Data[i] - uncorrected.Data[i];
            Add("_before", uncorrected);
        }
        float[] compressed = stored.ToDense(_context.Backend);
        for (int i = 0; i < compressed.Length; i++)
            w.Data[i] -= compressed[i];
        Add("", w);
    }

    // What the truncation alone would have given at the same rank.
    private Matrix Uncorrected(ILinearAlgebra la, DenseLinear dense, int rank, int[] columns)
    {
        var product = Truncation.Keep(FactorSet.Load(_factors, dense.Name, rank), rank).Product(la);
        if (columns.Length == 0)
            return product;
        var rest = _factors[dense.Name + ".fixed"].Doubles();
        for (int i = 0; i < product.Rows; i++)
        for (int c = 0; c < columns.Length; c++)
            product[i, columns[c]] += rest[i * columns.Length + c];
        return product;
    }

    private int[]? Surgery(string name) => _surgery?.Tensors.ContainsKey(name + ".kept") == true ? Indices(_surgery, name + ".kept") : null;

    private static int[] Indices(SafeTensorsFile file, string name) => [.. file[name].Doubles().ToArray().Select(i => (int)i)];

    private static double Norm(Matrix a)
    {
        double sum = 0;
        foreach (double x in a.Data)
            sum += x * x;
        return Math.Sqrt(sum);
    }

    // A module whose output is always zero loses nothing.
    private static double Relative(double error, double of) => of > 0 ? error / of : 0;

    // Seven digits say all that a chart can show, at half the size.
    private static JsonArray Numbers(ReadOnlySpan<double> values)
    {
        var array = new JsonArray();
        foreach (double value in values)
            array.Add((JsonNode)(float)value);
        return array;
    }
}
