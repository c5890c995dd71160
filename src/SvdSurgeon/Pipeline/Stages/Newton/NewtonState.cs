using System.Text.Json.Nodes;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Modules;
using SvdSurgeon.Pipeline.Shares;
using SvdSurgeon.Pipeline.States;

namespace SvdSurgeon.Pipeline.Stages.Newton;

/// <summary>The model at some factors on the way of a <see cref="NewtonCorrection"/>, and the step from there.</summary>
internal sealed class NewtonState
{
    private const string LengthPart = "length.safetensors",
        LengthTensor = "length";

    // What processes that share a search tell each other, in its artifact.
    private const string Divergence = "divergence-";

    // Lengths are powers of two times Newton's own; the first step starts here, the following ones at twice what served last.
    private const int FirstExponent = -10;
    private const int MaxHalvings = 10;
    private const int MaxDoublings = 3;

    private readonly NewtonSetting _setting;
    private readonly Lazy<DenseOutputs> _dense;
    private readonly Lazy<CompressedModules> _modules;
    private readonly DivergenceModel _divergence;
    private readonly Lazy<Artifact> _search;

    /// <param name="setting">What all states share.</param>
    /// <param name="factors">Where the model is.</param>
    /// <param name="dense">What the dense model predicts.</param>
    public NewtonState(NewtonSetting setting, FactorSet factors, Lazy<DenseOutputs> dense)
    {
        (_setting, _dense, Factors) = (setting, dense, factors);
        var (context, metric, plan, _, _, options) = setting;
        _modules = new Lazy<CompressedModules>(() => setting.Build(factors));
        _divergence = new DivergenceModel(
            context,
            metric,
            setting.Fitted,
            dense,
            plan,
            CompressedModules.KeyOf(context, plan, factors, options),
            _modules
        );
        _search = new Lazy<Artifact>(() => context.Work.Open(StageNames.NewtonSearch, Inputs(null)));
    }

    /// <summary>Where the model is.</summary>
    public FactorSet Factors { get; }

    /// <summary>The length that an earlier search found, 0 when none gained anything; null when there was none.</summary>
    public double? KnownLength()
    {
        if (!_search.Value.Has(LengthPart))
            return null;
        // What processes told each other on the way to it has served.
        if (!_setting.Context.Sharing.WithOthers)
            foreach (string told in Directory.GetFiles(_search.Value.Folder, Divergence + "*"))
                File.Delete(told);
        return ReadLength(_search.Value.Part(LengthPart));
    }

    /// <summary>Where a step of this length leads, as far as it is there.</summary>
    public FactorSet Find(double length) => FactorSet.Find(_setting.Context, StageNames.Newton, Inputs(length));

    /// <summary>Where a step of this length leads.</summary>
    public FactorSet Step(double length)
    {
        var pools = _setting.Plan.Modules.ToDictionary(m => m.Name, m => m.Rank is null ? 0 : m.Pool, StringComparer.Ordinal);
        double scale = length * _setting.Fitted.Sequences / _setting.Tokens.Length;
        return FactorSet.Build(
            _setting.Context,
            StageNames.Newton,
            Inputs(length),
            layer =>
            {
                using var at = _divergence.Open(layer.Index);
                return FactorSet.DecomposeLayer(
                    _setting.Context,
                    layer,
                    module => pools[module.Name],
                    at.Input,
                    at.Output,
                    module => at.Target(module, scale),
                    whitened: true
                );
            },
            before: _divergence.Require
        );
    }

    /// <summary>
    /// Finds a length that lowers the divergence, doubling or halving from <paramref name="previous"/> on, and keeps it in a file; 0 when
    /// none does.
    /// </summary>
    public double Search(double? previous)
    {
        var work = _setting.Context.Work;
        // All lengths share them: they are not among what a trial made and takes with it when it goes.
        _divergence.Require();
        double start = DivergenceOf(_modules.Value),
            best = start,
            length = 0;
        double first = previous is > 0 ? 2 * previous.Value : Math.ScaleB(1, FirstExponent);
        var tried = new List<double>();
        HashSet<string> kept = [];
        if (Try(first))
        {
            for (int i = 1; i <= MaxDoublings && Try(Math.ScaleB(first, i)); i++) { }
        }
        else
        {
            for (int i = 1; i <= MaxHalvings && !Try(Math.ScaleB(first, -i)); i++) { }
            if (length > 0)
                Try(length / 2);
        }
        _search.Value.Write(
            LengthPart,
            [
                TensorEntry.FromDoubles(LengthTensor, new[] { length }),
                TensorEntry.FromDoubles("divergence", new[] { start, best }),
                TensorEntry.FromDoubles("tried", tried.ToArray()),
            ]
        );
        return length;

        bool Try(double candidate)
        {
            var made = new HashSet<string>(StringComparer.Ordinal);
            double reached = work.Watch(
                made,
                () =>
                {
                    using var modules = _setting.Build(Step(candidate));
                    return DivergenceOf(modules);
                }
            );
            tried.AddRange([candidate, reached]);
            bool better = reached < best;
            // Only what the best length made is used again; what a killed search left of the others goes too.
            foreach (string artifact in better ? kept : made)
                work.Delete(artifact);
            if (better)
                (length, best, kept) = (candidate, reached, made);
            return better;
        }
    }

    /// <summary>Deletes what has served: the second-order model, and where the state is only one on the way, the rest.</summary>
    public void Release(bool keepFactors)
    {
        _divergence.Delete();
        if (!keepFactors)
            Factors.Delete(_setting.Context);
        if (!_modules.IsValueCreated)
            return;
        if (keepFactors)
            _modules.Value.Dispose();
        else
            _modules.Value.Delete(_setting.Context);
    }

    // One process measures it for all.
    private double DivergenceOf(CompressedModules modules)
    {
        if (!_setting.Context.Sharing.WithOthers)
            return Measured(modules);
        string part = $"{Divergence}{modules.Key}.safetensors",
            path = _search.Value.Part(part);
        _setting.Context.Sharing.Run([
            Piece.Of(path, () => _search.Value.Write(part, [TensorEntry.FromDoubles(Divergence, new[] { Measured(modules) })])),
        ]);
        using var file = SafeTensorsFile.Open(path);
        return file[Divergence].Doubles()[0];
    }

    // Mean divergence of a token of the judging sequences; infinite where a step was so long that the model overflows.
    private double Measured(CompressedModules modules)
    {
        var model = modules.Apply(_setting.Context.Source);
        int before = _setting.FirstJudging;
        var sequences = _setting.Tokens.Slice(before, _setting.Judging);
        using var states = new HiddenStates(_setting.Context, model, sequences);
        double sum = 0;
        try
        {
            foreach (var layer in model.Layers)
                states.Advance(layer);
            states.ForEachBatch(
                (first, count) =>
                {
                    using var hidden = states.Copy(first, count);
                    sum += _dense.Value.Divergence(model, hidden, before + first);
                }
            );
        }
        catch (NumericalException)
        {
            return double.PositiveInfinity;
        }
        return sum / sequences.Ids.Length;
    }

    private static double ReadLength(string path)
    {
        using var file = SafeTensorsFile.Open(path);
        return file[LengthTensor].Doubles()[0];
    }

    private JsonObject Inputs(double? length)
    {
        var inputs = _setting.Metric.Inputs();
        inputs["model"] = _setting.Context.ModelHash;
        inputs["divergence"] = _divergence.Key;
        ArtifactOptions.Add(inputs, StageNames.Newton, _setting.Options);
        inputs["length"] = length;
        return inputs;
    }
}
