using System.Text.Json.Nodes;
using SvdSurgeon.Calibration;
using SvdSurgeon.Compression.Ranks;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Running;
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
    private readonly HiddenStates _states;
    private readonly DenseOutputs _dense;
    private readonly Dictionary<string, int> _ranks;
    private int _measured,
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
    /// <param name="storage">What a rank costs.</param>
    /// <param name="tokens">Calibration sequences to measure on.</param>
    /// <exception cref="NumericalException">A candidate's logits are not finite.</exception>
    public static IReadOnlyList<AllocationCandidate[]> Measure(
        PipelineContext context,
        FactorSet factors,
        double ratio,
        StorageForm storage,
        TokenSet tokens
    )
    {
        AllocationCandidate[] Candidates(LinearModule m, Func<int, double> loss) =>
            RankAllocation.Candidates(m.OutFeatures, m.InFeatures, ratio, storage, loss);
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
        var artifact = context.Work.Open(
            StageNames.Sensitivity,
            new JsonObject
            {
                ["model"] = context.ModelHash,
                ["factors"] = factors.Key,
                ["tokens"] = tokens.Hash(),
                ["ratio"] = ratio,
                ["storage"] = storage.ToString().ToLowerInvariant(),
            }
        );
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
                double baseKl = baseFile[BaseTensor].Doubles()[0];
                var measured = new List<AllocationCandidate[]>();
                foreach (var layer in context.Model.Layers)
                {
                    using var file = SafeTensorsFile.Open(artifact.Part(ArtifactParts.Layer(layer.Index)));
                    foreach (var module in layer.Linears)
                    {
                        var kl = file[module.Name].Doubles().ToArray();
                        measured.Add(Candidates(module, rank => kl[Array.IndexOf(ranks[module.Name], rank)] - baseKl));
                    }
                }
                return measured;
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
        double baseKl = Divergence(0);
        if (!artifact.Has(BasePart))
            SafeTensorsWriter.Write(artifact.Part(BasePart), [TensorEntry.FromDoubles(BaseTensor, new[] { baseKl })]);
        foreach (var layer in _context.Model.Layers)
        {
            string part = artifact.Part(ArtifactParts.Layer(layer.Index));
            if (!File.Exists(part))
                SafeTensorsWriter.Write(
                    part,
                    [
                        .. layer.Linears.Select(module =>
                            TensorEntry.FromDoubles(module.Name, Divergences(layer, module, ranks[module.Name], baseKl))
                        ),
                    ]
                );
            else
                _measured += layer.Linears.Sum(m => ranks[m.Name].Length - 1);
            _states.Advance(_base.Layers[layer.Index]);
        }
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
