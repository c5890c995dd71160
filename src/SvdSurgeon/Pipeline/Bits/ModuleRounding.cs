using SvdSurgeon.Backends;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Statistics;
using SvdSurgeon.Quantization;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>One linear module with its statistics, ready to be rounded to any number of bits.</summary>
internal sealed class ModuleRounding
{
    // Share of the token-weighted Gram matrix: neither it nor the plain one is right everywhere, half of each is best or near it on every
    // model that was tried.
    private const double WeightedShare = 0.5;
    private const double Damping = 0.01;

    private readonly ILinearAlgebra _la;
    private readonly Matrix _weights;
    private readonly Matrix _metric;
    private readonly Matrix _weighted;
    private readonly double[] _energy;
    private readonly RoundingMethod _method;
    private readonly Lazy<InverseFactor> _factor;
    private readonly Lazy<FactorSplit> _split;
    private readonly string _name;

    private ModuleRounding(IBackend backend, LinearModule module, Matrix plain, Matrix weighted, double[] energy, RoundingMethod method)
    {
        _la = backend.LinearAlgebra;
        _weights = FactorSet.Weights(backend, module);
        _name = module.Name;
        (_weighted, _energy, _method) = (weighted, energy, method);
        _metric = method == RoundingMethod.Feedback ? Mix(plain, weighted) : plain;
        _factor = new Lazy<InverseFactor>(() => InverseFactor.Of(_la, _metric, Damping));
        _split = new Lazy<FactorSplit>(() => FactorSplit.Of(_la, _weights, _metric, _energy, Damping));
    }

    /// <summary>Calls <paramref name="body"/> with every module of a layer that has a grid.</summary>
    public static void ForEach(
        PipelineContext context,
        BitsStatistics statistics,
        int layer,
        RoundingMethod method,
        Action<LinearModule, ModuleRounding> body
    )
    {
        using SafeTensorsFile plain = statistics.Inputs.Layer(layer),
            weighted = statistics.Weighted.Layer(layer);
        foreach (var group in context.Model.Layers[layer].Groups)
        {
            if (IntegerGrid.GroupFor(group.InFeatures) is null)
                continue;
            var gram = InputStatistics.Gram(plain, group);
            foreach (var module in group.Modules)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                var (weightedGram, energy) = (
                    TokenWeightedStatistics.Gram(weighted, module),
                    TokenWeightedStatistics.Energy(weighted, module)
                );
                body(module, new ModuleRounding(context.Backend, module, gram, weightedGram, energy, method));
            }
        }
    }

    /// <summary>Whether a module has a grid.</summary>
    public static bool CanRound(LinearModule module) => IntegerGrid.GroupFor(module.InFeatures) is not null;

    /// <summary>A module with inputs that are all alike: what rounding takes does not depend on them.</summary>
    public static ModuleRounding Probe(IBackend backend, LinearModule module)
    {
        var alike = new Matrix(module.InFeatures, module.InFeatures);
        for (int j = 0; j < alike.Rows; j++)
            alike[j, j] = 1;
        double[] energy = [.. Enumerable.Repeat(1.0, module.OutFeatures)];
        return new ModuleRounding(backend, module, alike, alike, energy, RoundingMethod.Feedback);
    }

    /// <summary>Factors the metric now, which otherwise comes with the first rounding.</summary>
    public void Prepare() => _ = _factor.Value;

    /// <summary>Rounds to a number of bits in the usual groups, to see how long it takes.</summary>
    public double Measure(int bits) => Measure(new ModuleForm(bits, IntegerGrid.GroupFor(_weights.Columns)!.Value));

    /// <summary>The loss that a form costs: tr(C E H_g Eᵀ)/tr C with the diagonal of C.</summary>
    public double Measure(ModuleForm form) => Loss(Round(form));

    /// <summary>The module rounded.</summary>
    /// <param name="form">Its form.</param>
    /// <param name="positions">Keep what was rounded.</param>
    public IReadOnlyList<RoundedMatrix> Round(ModuleForm form, bool positions = false)
    {
        var matrices = form.Matrices(_name, _weights.Rows, _weights.Columns);
        if (form.Rank == 0)
        {
            var whole = Feed(matrices[0].Name, form.Grid, _weights, _metric, _factor, positions);
            if (_method != RoundingMethod.Feedback)
                return [whole];
            // Spread errors can lose more where they meet tokens that the metric hardly sees: then the nearest integers are better.
            var nearest = Near(matrices[0].Name, form.Grid, _weights, _metric, positions);
            return [Loss([nearest]) < Loss([whole]) ? nearest : whole];
        }
        var right = Feed(matrices[1].Name, form.Grid, _split.Value.Right(form.Rank), _metric, _factor, positions);
        var (left, gram) = FactorSplit.Refit(_la, _weights, _metric, right.Matrix.ToMatrix(), Damping);
        var factor = new Lazy<InverseFactor>(() => InverseFactor.Of(_la, gram, Damping));
        return [Feed(matrices[0].Name, form.LeftGrid, left, gram, factor, positions), right];
    }

    // Σ_i c_i e_i H_g e_iᵀ / Σ c_i: errors of different rows are rounded independently, so that the rest of C adds nothing on average.
    private double Loss(IReadOnlyList<RoundedMatrix> rounded)
    {
        var error = rounded[0].Matrix.ToMatrix();
        if (rounded.Count > 1)
            error = _la.Multiply(error, rounded[1].Matrix.ToMatrix());
        for (int i = 0; i < error.Data.Length; i++)
            error.Data[i] -= _weights.Data[i];
        double total = _energy.Sum();
        if (total == 0)
            return 0;
        for (int i = 0; i < error.Rows; i++)
        {
            double weight = Math.Sqrt(_energy[i] / total);
            foreach (ref double e in error.Row(i))
                e *= weight;
        }
        return _la.SquaredNorm(error, _weighted);
    }

    // With error feedback in a metric, or to the nearest where that is the method.
    private RoundedMatrix Feed(string name, IntegerGrid grid, Matrix w, Matrix metric, Lazy<InverseFactor> factor, bool positions)
    {
        if (_method == RoundingMethod.Nearest)
            return Near(name, grid, w, metric, positions);
        var result = new RoundedMatrix(name, new QuantizedMatrix(grid, w.Rows, w.Columns), positions ? new float[w.Data.Length] : null);
        FindScales(w, metric, result.Matrix);
        ErrorFeedback.Round(_la, w, factor.Value, result.Matrix, result.Positions);
        return result;
    }

    private RoundedMatrix Near(string name, IntegerGrid grid, Matrix w, Matrix metric, bool positions)
    {
        var result = new RoundedMatrix(name, new QuantizedMatrix(grid, w.Rows, w.Columns), positions ? new float[w.Data.Length] : null);
        FindScales(w, metric, result.Matrix);
        Nearest.Round(_la, w, result.Matrix, result.Positions);
        return result;
    }

    private void FindScales(Matrix w, Matrix metric, QuantizedMatrix result)
    {
        int n = result.Columns,
            group = result.Grid.Group,
            groups = result.GroupsPerRow;
        var importance = new float[n];
        double largest = 0;
        for (int j = 0; j < n; j++)
            largest = Math.Max(largest, metric[j, j]);
        for (int j = 0; j < n; j++)
            importance[j] = largest == 0 ? 1 : (float)Math.Max(metric[j, j] / largest, 1e-8);
        _la.ForEach(
            result.Rows,
            i =>
            {
                var row = new float[n];
                for (int j = 0; j < n; j++)
                    row[j] = (float)w[i, j];
                for (int g = 0; g < groups; g++)
                    result.Scales[i * groups + g] = ScaleSearch.Best(
                        result.Grid,
                        row.AsSpan(g * group, group),
                        importance.AsSpan(g * group, group)
                    );
            }
        );
    }

    // Each matrix over its mean diagonal, so that half is half of what the module sees.
    private static Matrix Mix(Matrix plain, Matrix weighted)
    {
        double a = (1 - WeightedShare) / Trace(plain),
            b = WeightedShare / Trace(weighted);
        if (!double.IsFinite(b))
            return plain;
        var mixed = new Matrix(plain.Rows, plain.Rows);
        for (int i = 0; i < mixed.Data.Length; i++)
            mixed.Data[i] = (double.IsFinite(a) ? a * plain.Data[i] : 0) + b * weighted.Data[i];
        return mixed;
    }

    private static double Trace(Matrix a)
    {
        double sum = 0;
        for (int j = 0; j < a.Rows; j++)
            sum += a[j, j];
        return sum;
    }
}
