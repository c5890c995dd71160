using System.Text.Json.Nodes;
using SvdSurgeon.Calibration;
using SvdSurgeon.Compression;
using SvdSurgeon.Formats;

namespace SvdSurgeon.Pipeline;

/// <summary>
/// A Newton step for all compressed modules at once (<see cref="NewtonStep"/>) that brings the compressed model's predictions closer to the dense model's,
/// truncated to the plan's ranks again. The second-order model knows every module by itself and all of them mend the same error, so that the full step is far
/// too long: its length is searched on some of the calibration sequences, and a step that gains nothing there is not taken.
/// </summary>
internal sealed class NewtonCorrection(PipelineContext context, ModuleMetric metric, CompressionPlan plan, TokenSet tokens, CompressionOptions options)
{
    private const string LengthPart = "length.json";
    // The length is judged on so many tokens.
    private const int SearchTokens = 4096;
    // Lengths are powers of two times Newton's own; the first step starts here, the following ones at twice what served last.
    private const int FirstExponent = -10;
    private const int MaxHalvings = 10;
    private const int MaxDoublings = 3;

    /// <summary>Takes one step.</summary>
    /// <param name="factors">Factors of every module that the plan truncates, before and after.</param>
    /// <param name="length">Length of the step before this one, or null; then of this one.</param>
    /// <returns>False when no length gains anything: the factors are as they were.</returns>
    public bool Step(ref FactorSet factors, ref double? length)
    {
        Lazy<DenseOutputs> dense = new(() => DenseOutputs.Of(context, tokens));
        try
        {
            using var before = Build(factors);
            var statistics = new DivergenceStatistics(context, tokens, dense, before);
            var search = context.Work.Open("newton-search", Inputs(statistics, null));
            length = search.Has(LengthPart)
                ? (double)JsonNode.Parse(File.ReadAllText(search.Part(LengthPart)))!["length"]!
                : Search(before, statistics, dense, length, search);
            if (length > 0) factors = Factors(before, statistics, length.Value);
            statistics.Delete();
            return length > 0;
        }
        finally
        {
            if (dense.IsValueCreated) dense.Value.Dispose();
        }
    }

    private CompressedModules Build(FactorSet factors) => CompressedModules.Build(context, plan, factors, null, null, options, metric);

    private double Search(CompressedModules before, DivergenceStatistics statistics, Lazy<DenseOutputs> dense, double? previous, Artifact search)
    {
        var sequences = tokens.Take(Math.Min(tokens.Sequences, (SearchTokens + tokens.Length - 1) / tokens.Length));
        double start = Divergence(before, dense, sequences), best = start, length = 0;
        double first = previous is > 0 ? 2 * previous.Value : Math.ScaleB(1, FirstExponent);
        var tried = new JsonArray();
        HashSet<string> kept = [];
        if (Try(first))
        {
            for (int i = 1; i <= MaxDoublings && Try(Math.ScaleB(first, i)); i++) { }
        }
        else
        {
            for (int i = 1; i <= MaxHalvings && !Try(Math.ScaleB(first, -i)); i++) { }
            if (length > 0) Try(length / 2);
        }
        var about = new JsonObject { ["length"] = length, ["divergence_before"] = start, ["divergence"] = best, ["tried"] = tried };
        AtomicFile.WriteAllText(search.Part(LengthPart), JsonText.Indented(about));
        return length;

        bool Try(double candidate)
        {
            var made = new HashSet<string>(StringComparer.Ordinal);
            double reached = context.Work.Watch(made, () =>
            {
                using var modules = Build(Factors(before, statistics, candidate));
                return Divergence(modules, dense, sequences);
            });
            tried.Add((JsonNode)new JsonObject { ["length"] = candidate, ["divergence"] = double.IsFinite(reached) ? reached : null });
            bool better = reached < best;
            // Only what the best length made is used again.
            foreach (string artifact in better ? kept : made) context.Work.Discard(artifact);
            if (better) (length, best, kept) = (candidate, reached, made);
            return better;
        }
    }

    // Mean divergence of a token; infinite where a step was so long that the model overflows.
    private double Divergence(CompressedModules modules, Lazy<DenseOutputs> dense, TokenSet sequences)
    {
        var model = modules.Apply(context.Source);
        using var states = new HiddenStates(context, model, sequences);
        double sum = 0;
        try
        {
            foreach (var layer in model.Layers) states.Advance(layer);
            states.ForEachBatch((first, count) =>
            {
                using var hidden = states.Copy(first, count);
                sum += dense.Value.Divergence(model, hidden, first);
            });
        }
        catch (NumericalException)
        {
            return double.PositiveInfinity;
        }
        return sum / sequences.Ids.Length;
    }

    private JsonObject Inputs(DivergenceStatistics statistics, double? length)
    {
        var inputs = metric.Inputs();
        inputs["model"] = context.ModelHash;
        inputs["statistics"] = statistics.Key;
        inputs["alpha"] = options.PoolFraction;
        inputs["length"] = length;
        return inputs;
    }

    private FactorSet Factors(CompressedModules before, DivergenceStatistics statistics, double length)
    {
        var model = before.Apply(context.Source);
        var ranks = plan.Modules.ToDictionary(m => m.Name, StringComparer.Ordinal);
        return FactorSet.Build(context, "newton", Inputs(statistics, length), layer =>
        {
            using var file = statistics.Layer(layer.Index);
            using var scaling = metric.Open(layer.Index);
            return FactorSet.DecomposeLayer(context, model.Layers[layer.Index], module => ranks[module.Name].Rank is null ? 0 : ranks[module.Name].Pool,
                group => WhiteningFactor.Damped(context.Backend.LinearAlgebra, DivergenceStatistics.InputGram(file, group), NewtonStep.InputDamping),
                module => WhiteningFactor.Damped(context.Backend.LinearAlgebra,
                    NewtonStep.OutputGram(scaling.OutputGram(module), DivergenceStatistics.OutputGram(file, module)), NewtonStep.OutputDamping),
                (module, input, output) => NewtonStep.Target(context.Backend.LinearAlgebra, FactorSet.Weights(module), DivergenceStatistics.Gradient(file, module), input!, output!,
                    length * tokens.Sequences / tokens.Length));
        });
    }
}
