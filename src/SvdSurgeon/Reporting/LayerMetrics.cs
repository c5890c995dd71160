using System.Text.Json.Nodes;
using SvdSurgeon.Compression;
using SvdSurgeon.Formats;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline;

namespace SvdSurgeon.Reporting;

/// <summary>Measures the compressed modules of one layer as they are stored.</summary>
internal sealed class LayerMetrics(PipelineContext context, CompressedModules modules, int layer) : IDisposable
{
    private const int OutputsAtOnce = 256;

    private readonly SafeTensorsFile _factors = modules.Factors.OpenLayer(layer);
    private readonly SafeTensorsFile? _surgery = modules.OpenSurgery(layer);
    private readonly ModuleMetric.Layer _metric = modules.Metric.Open(layer);

    /// <summary>The modules of the layer, in order.</summary>
    public IReadOnlyList<JsonObject> Modules(IReadOnlyDictionary<string, ModulePlan> plans)
    {
        var groups = context.Model.Layers[layer].Groups;
        var la = context.Backend.LinearAlgebra;
        // H = XᵀX of every group; null where the method asks for no inputs.
        var grams = new Matrix?[groups.Count];
        la.ForEach(grams.Length, g => grams[g] = _metric.CollectedGram(groups[g]));
        var modules = groups.SelectMany((group, g) => group.Modules.Select(module => (Module: module, Gram: grams[g]))).ToList();
        var made = new JsonObject[modules.Count];
        // The wide ones take longest and go first, so that no thread is left alone with one.
        int[] order = [.. Enumerable.Range(0, made.Length).OrderByDescending(i => modules[i].Module.InFeatures)];
        la.ForEach(made.Length, i => made[order[i]] = Of(modules[order[i]].Module, plans[modules[order[i]].Module.Name], modules[order[i]].Gram));
        return made;
    }

    /// <summary>
    /// What became of a module: spectrum, kept and corrected values, and how far it is from what it was, ‖(W − W')Xᵀ‖ / ‖WXᵀ‖ of the outputs and
    /// ‖W − W'‖ / ‖W‖ of the weights, before the surgeon and in the end.
    /// </summary>
    private JsonObject Of(LinearModule module, ModulePlan plan, Matrix? gram)
    {
        string name = module.Name;
        // Without the bias: it is no part of W.
        var dense = new DenseLinear(name, module.StoredTensors[0], null);
        var stored = plan.Rank is null ? dense : CompressedModules.Linear(dense, modules.Tensors);
        int[] columns = _factors.Tensors.ContainsKey(name + ".columns") && plan.Rank is not null ? Indices(_factors, name + ".columns") : [];
        var json = new JsonObject
        {
            ["name"] = name, ["layer"] = layer, ["m"] = module.OutFeatures, ["n"] = module.InFeatures, ["form"] = stored.Kind, ["rank"] = stored.Rank,
            ["columns"] = new JsonArray([.. columns.Select(c => (JsonNode)c)]), ["parameters_before"] = module.ParameterCount, ["parameters_after"] = stored.ParameterCount,
            ["dense_reason"] = plan.DenseReason,
        };
        if (plan.Rank is not null) AddErrors(json, dense, stored, columns, gram);
        if (_factors.Tensors.TryGetValue(name + ".sigma", out var sigma)) json["spectrum"] = Numbers(sigma.Doubles());
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
        var la = context.Backend.LinearAlgebra;
        var w = Matrix.FromSingles(dense.OutFeatures, dense.InFeatures, dense.ToDense());
        (double outputs, double weights) = (gram is null ? 0 : modules.Metric.OutputNorm(dense.Name, () => Truncation.Norm(la, w, gram)), Norm(w));
        void Add(string when, Matrix difference)
        {
            json["output_error" + when] = gram is null ? null : Relative(Truncation.Norm(la, difference, gram), outputs);
            json["weight_error" + when] = Relative(Norm(difference), weights);
        }
        if (Surgery(dense.Name) is { } kept)
        {
            var uncorrected = Uncorrected(la, dense, kept.Length, columns);
            for (int i = 0; i < w.Data.Length; i++) uncorrected.Data[i] = w.Data[i] - uncorrected.Data[i];
            Add("_before", uncorrected);
        }
        SubtractWeight(w, stored);
        Add("", w);
    }

    // What the truncation alone would have given at the same rank.
    private Matrix Uncorrected(ILinearAlgebra la, DenseLinear dense, int rank, int[] columns)
    {
        var product = Truncation.Keep(FactorSet.Load(_factors, dense.Name, rank), rank).Product(la);
        if (columns.Length == 0) return product;
        var rest = _factors[dense.Name + ".fixed"].Doubles();
        for (int i = 0; i < product.Rows; i++)
            for (int c = 0; c < columns.Length; c++) product[i, columns[c]] += rest[i * columns.Length + c];
        return product;
    }

    // W as the module computes with it, whatever its form, is the gradient of its input for every unit vector of its output: a block of outputs at a time.
    private void SubtractWeight(Matrix w, LinearModule module)
    {
        var backend = context.Backend;
        for (int first = 0; first < w.Rows; first += OutputsAtOnce)
        {
            int count = Math.Min(OutputsAtOnce, w.Rows - first);
            using var units = backend.Allocate(count, w.Rows);
            using var rows = backend.Allocate(count, w.Columns);
            var values = new float[count * Math.Max(w.Rows, w.Columns)];
            for (int i = 0; i < count; i++) values[i * w.Rows + first + i] = 1;
            backend.Upload(values.AsSpan(0, count * w.Rows), units);
            module.BackwardInput(backend, units, rows);
            backend.Download(rows, values.AsSpan(0, count * w.Columns));
            var to = w.Data.AsSpan(first * w.Columns, count * w.Columns);
            for (int i = 0; i < to.Length; i++) to[i] -= values[i];
        }
    }

    private int[]? Surgery(string name) => _surgery?.Tensors.ContainsKey(name + ".kept") == true ? Indices(_surgery, name + ".kept") : null;

    private static int[] Indices(SafeTensorsFile file, string name) => [.. file[name].Doubles().ToArray().Select(i => (int)i)];

    private static double Norm(Matrix a)
    {
        double sum = 0;
        foreach (double x in a.Data) sum += x * x;
        return Math.Sqrt(sum);
    }

    // A module whose output is always zero loses nothing.
    private static double Relative(double error, double of) => of > 0 ? error / of : 0;

    // Seven digits say all that a chart can show, at half the size.
    private static JsonArray Numbers(ReadOnlySpan<double> values)
    {
        var array = new JsonArray();
        foreach (double value in values) array.Add((JsonNode)(float)value);
        return array;
    }
}
