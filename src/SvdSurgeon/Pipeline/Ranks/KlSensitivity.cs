using System.Text.Json.Nodes;
using SvdSurgeon.Calibration;
using SvdSurgeon.Compression.Ranks;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Shares;
using SvdSurgeon.Pipeline.States;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Ranks;

/// <summary>
/// What each module's ratio does to the model's output (Duo-SVD, Xv et al. 2026, modules): in the base state every module is truncated at
/// the uniform ratio; for each module and candidate only that module is changed, and its loss is KL(dense ‖ changed) − KL(dense ‖ base),
/// summed over tokens, mean over sequences. Candidates of equal rank are measured once, the base's own not at all.
/// </summary>
/// <remarks>
/// The base state's hidden states stop at the layer being measured, so that only it and the later ones run again. Kept columns play no part
/// here, as in the published program: they are found for the ranks that the allocation gives. The base state's factors are held in float32.
/// </remarks>
internal sealed class KlSensitivity : IDisposable
{
    private const string BasePart = "base.safetensors",
        BaseTensor = "kl";

    private readonly PipelineContext _context;
    private readonly FactorSet _factors;
    private readonly TokenSet _tokens;
    private readonly DecoderModel _base;
    private HiddenStates _states;
    private readonly DenseOutputs _dense;
    private readonly Dictionary<string, int> _ranks;
    private int _layer,
        _measured,
        _all;

    private KlSensitivity(PipelineContext context, FactorSet factors, IReadOnlyDictionary<string, int> baseRanks, TokenSet tokens)
    {
        (_context, _factors, _tokens) = (context, factors, tokens);
        _ranks = new(baseRanks, StringComparer.Ordinal);
        _base = DecoderModel.Load(context.Source);
        foreach (var layer in context.Model.Layers)
        {
            using var file = factors.OpenLayer(layer.Index);
            foreach (var module in layer.Linears)
                _base.Replace(module.Name, At(file, module, _ranks[module.Name]));
        }
        _dense = DenseOutputs.Of(context, tokens);
        _states = new HiddenStates(context, _base, tokens);
    }

    /// <summary>The candidates of every module in data-flow order, with measured losses.</summary>
    /// <param name="context">The run.</param>
    /// <param name="factors">Components of every module, by the chosen method.</param>
    /// <param name="ratio">The uniform ratio of the base state.</param>
    /// <param name="options">What a rank costs.</param>
    /// <param name="tokens">Calibration sequences to measure on.</param>
    /// <exception cref="NumericalException">A candidate's logits are not finite.</exception>
    public static IReadOnlyList<AllocationCandidate[]> Measure(
        PipelineContext context,
        FactorSet factors,
        double ratio,
        CompressionOptions options,
        TokenSet tokens
    )
    {
        AllocationCandidate[] Candidates(LinearModule m, Func<int, double> loss) =>
            RankAllocation.Candidates(m.OutFeatures, m.InFeatures, ratio, options.Storage, loss);
        var ranks = context.Model.Linears.ToDictionary(
            m => m.Name,
            m => Candidates(m, _ => 0).Select(c => c.Rank).Distinct().ToArray(),
            StringComparer.Ordinal
        );
        var baseRanks = context.Model.Linears.ToDictionary(
            m => m.Name,
            m => Candidates(m, _ => 0).First(c => c.KeepRatio == ratio).Rank,
            StringComparer.Ordinal
        );
        var of = new JsonObject { ["ratio"] = ratio };
        ArtifactOptions.Add(of, StageNames.Sensitivity, options);
        var (baseKl, measured) = Measured(context, factors, of, ranks, baseRanks, tokens);
        return [.. context.Model.Linears.Select(m => Candidates(m, rank => measured[m.Name][Array.IndexOf(ranks[m.Name], rank)] - baseKl))];
    }

    /// <summary>KL(dense ‖ dense with this one module at its rank) of every module in data-flow order.</summary>
    /// <param name="context">The run.</param>
    /// <param name="factors">Components of every module, by the chosen method.</param>
    /// <param name="ranks">A rank per module; 0 for dense.</param>
    /// <param name="tokens">Calibration sequences to measure on.</param>
    /// <exception cref="NumericalException">A module's logits are not finite.</exception>
    public static double[] Alone(PipelineContext context, FactorSet factors, IReadOnlyList<int> ranks, TokenSet tokens)
    {
        var modules = context.Model.Linears;
        var (baseKl, measured) = Measured(
            context,
            factors,
            new JsonObject
            {
                ["base"] = "dense",
                ["ranks"] = new JsonObject(
                    modules.Select((m, i) => KeyValuePair.Create(m.Name, ranks[i] == 0 ? null : (JsonNode?)ranks[i]))
                ),
            },
            modules
                .Select((m, i) => (m.Name, Ranks: ranks[i] == 0 ? new[] { 0 } : [0, ranks[i]]))
                .ToDictionary(pair => pair.Name, pair => pair.Ranks, StringComparer.Ordinal),
            modules.ToDictionary(m => m.Name, _ => 0, StringComparer.Ordinal),
            tokens
        );
        return [.. modules.Select(m => measured[m.Name][^1] - baseKl)];
    }

    // The base state's divergence, and those of every module's ranks.
    private static (double Base, IReadOnlyDictionary<string, double[]> Divergences) Measured(
        PipelineContext context,
        FactorSet factors,
        JsonObject of,
        Dictionary<string, int[]> ranks,
        Dictionary<string, int> baseRanks,
        TokenSet tokens
    )
    {
        var inputs = new JsonObject
        {
            ["model"] = context.ModelHash,
            ["factors"] = factors.Key,
            ["tokens"] = tokens.Hash(),
        };
        foreach (var (key, value) in of)
            inputs[key] = value?.DeepClone();
        var artifact = context.Work.Open(StageNames.Sensitivity, inputs);
        bool complete = artifact.Has(BasePart) && context.Model.Layers.All(layer => artifact.Has(ArtifactParts.Layer(layer.Index)));
        return context.Timed(
            StageNames.Sensitivity,
            complete,
            () =>
            {
                if (!complete)
                {
                    using var run = new KlSensitivity(context, factors, baseRanks, tokens);
                    run.Measure(artifact, ranks);
                }
                context.Progress.Report(new StageProgress(StageNames.Sensitivity, "", 1, 1));
                using var baseFile = SafeTensorsFile.Open(artifact.Part(BasePart));
                var measured = new Dictionary<string, double[]>(StringComparer.Ordinal);
                foreach (var layer in context.Model.Layers)
                {
                    using var file = SafeTensorsFile.Open(artifact.Part(ArtifactParts.Layer(layer.Index)));
                    foreach (var module in layer.Linears)
                        measured[module.Name] = file[module.Name].Doubles().ToArray();
                }
                return (baseFile[BaseTensor].Doubles()[0], (IReadOnlyDictionary<string, double[]>)measured);
            }
        );
    }

    public void Dispose()
    {
        _states.Dispose();
        _dense.Dispose();
    }

    private void Measure(Artifact artifact, Dictionary<string, int[]> ranks)
    {
        _all = ranks.Sum(r => r.Value.Length - 1) + 1;
        if (!artifact.Has(BasePart))
            _context.Sharing.Run([
                Piece.Of(
                    artifact.Part(BasePart),
                    () => artifact.Write(BasePart, [TensorEntry.FromDoubles(BaseTensor, new[] { Divergence(0) })])
                ),
            ]);
        using var file = SafeTensorsFile.Open(artifact.Part(BasePart));
        double baseKl = file[BaseTensor].Doubles()[0];
        _context.Sharing.Run([
            .. _context
                .Model.Layers.Where(layer => !artifact.Has(ArtifactParts.Layer(layer.Index)))
                .Select(layer =>
                    Piece.Of(
                        artifact.Part(ArtifactParts.Layer(layer.Index)),
                        () =>
                        {
                            AdvanceTo(layer.Index);
                            artifact.Write(
                                ArtifactParts.Layer(layer.Index),
                                [
                                    .. layer.Linears.Select(module =>
                                        TensorEntry.FromDoubles(module.Name, Divergences(layer, module, ranks[module.Name], baseKl))
                                    ),
                                ]
                            );
                        }
                    )
                ),
        ]);
    }

    // Layers come in order, but for those that another process has begun and not finished.
    private void AdvanceTo(int layer)
    {
        if (layer < _layer)
        {
            _states.Dispose();
            _states = new HiddenStates(_context, _base, _tokens);
            _layer = 0;
        }
        for (; _layer < layer; _layer++)
            _states.Advance(_base.Layers[_layer]);
    }

    // KL of each rank of one module, the others as in the base state.
    private double[] Divergences(DecoderLayer layer, LinearModule module, int[] ranks, double baseKl)
    {
        var inBase = _base.Layers[layer.Index].Linears.First(m => m.Name == module.Name);
        using var file = _factors.OpenLayer(layer.Index);
        var kl = new double[ranks.Length];
        for (int i = 0; i < ranks.Length; i++)
        {
            kl[i] = baseKl;
            if (ranks[i] == _ranks[module.Name])
                continue;
            _base.Layers[layer.Index].Replace(module.Name, At(file, module, ranks[i]));
            kl[i] = Divergence(layer.Index);
        }
        _base.Layers[layer.Index].Replace(module.Name, inBase);
        return kl;
    }

    // Mean over sequences of KL(dense ‖ the model as it is now), summed over tokens; the states stand at the input of the first layer that
    // runs.
    private double Divergence(int firstLayer)
    {
        double sum = 0;
        _states.ForEachBatch(
            (first, count) =>
            {
                using var hidden = _states.Copy(first, count);
                for (int l = firstLayer; l < _base.Layers.Count; l++)
                    _base.Layers[l].Forward(_context.Backend, hidden, new LayerContext(count, _tokens.Length));
                sum += _dense.Divergence(_base, hidden, first);
            }
        );
        _context.Progress.Report(
            new StageProgress(StageNames.Sensitivity, $"layer {firstLayer + 1}/{_base.Layers.Count}", _measured++, _all)
        );
        return sum / _tokens.Sequences;
    }

    private static LinearModule At(SafeTensorsFile file, LinearModule dense, int rank) =>
        rank == 0 ? dense : StoredForms.LowRank(dense, Truncation.Keep(FactorSet.Load(file, dense.Name, rank), rank), DType.F32);
}
