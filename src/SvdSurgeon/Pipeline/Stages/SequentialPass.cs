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
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Shares;
using SvdSurgeon.Pipeline.States;

namespace SvdSurgeon.Pipeline.Stages;

/// <summary>
/// Fits every module, in order of the data flow, to the outputs of the dense model given the inputs of the model compressed so far
/// (docs/methods.md): W̃ = W + β·W(X_f − X_c)ᵀX_c (X_cᵀX_c + λI)⁻¹, decomposed in the metric of X_c and the dense model's output
/// gradients. Two sets of hidden states go through the model. The compressed model's inputs of a group are recomputed up to that group,
/// because the groups before it have just changed.
/// </summary>
internal sealed class SequentialPass : IDisposable
{
    private readonly PipelineContext _context;
    private readonly ModuleMetric _metric;
    private readonly CompressionOptions _options;
    private readonly DecoderModel _compressed;
    private readonly DenseInputs _denseInputs;
    private readonly HiddenStates _compressedStates;
    private readonly Dictionary<string, ModulePlan> _ranks;

    private SequentialPass(PipelineContext context, ModuleMetric metric, CompressionPlan plan, CompressionOptions options, TokenSet tokens)
    {
        (_context, _metric, _options) = (context, metric, options);
        _compressed = DecoderModel.Load(context.Source);
        _ranks = plan.Modules.ToDictionary(m => m.Name, StringComparer.Ordinal);
        _denseInputs = new DenseInputs(context, tokens);
        _compressedStates = new HiddenStates(context, _compressed, tokens);
    }

    /// <summary>The factors of every module that the plan truncates, made in the sequential pass.</summary>
    public static FactorSet Run(
        PipelineContext context,
        ModuleMetric metric,
        CompressionPlan plan,
        CompressionOptions options,
        TokenSet tokens
    )
    {
        var inputs = metric.Inputs();
        inputs["model"] = context.ModelHash;
        inputs["layers"] = context.Model.Layers.Count;
        inputs["tokens"] = tokens.Hash();
        ArtifactOptions.Add(inputs, StageNames.Sequential, options);
        inputs["ranks"] = plan.RanksJson();
        var artifact = context.Work.Open(StageNames.Sequential, inputs);
        bool complete = context.Model.Layers.All(layer => artifact.Has(ArtifactParts.Layer(layer.Index)));
        return context.Timed(
            StageNames.Sequential,
            complete,
            () =>
            {
                if (!complete)
                    context.Sharing.Run([Whole()]);
                context.Progress.Report(new StageProgress(StageNames.Sequential, "", 1, 1));
                return new FactorSet(artifact);
            }
        );

        // Each layer waits for the one before it: one process makes all of them.
        Piece Whole() =>
            Piece.Of(
                [.. context.Model.Layers.Select(layer => artifact.Part(ArtifactParts.Layer(layer.Index)))],
                () =>
                {
                    using var pass = new SequentialPass(context, metric, plan, options, tokens);
                    foreach (var layer in context.Model.Layers)
                        pass.Layer(layer, artifact);
                }
            );
    }

    /// <summary>
    /// A pass in which every layer takes the candidate with the least held-out loss, the layers before it as they were chosen, those after
    /// it as they are in
    /// <paramref name="finished"/>. The first candidate stays unless another is better by more than the standard error.
    /// </summary>
    /// <returns>Index of each layer's candidate.</returns>
    public static int[] Choose(
        PipelineContext context,
        ModuleMetric metric,
        CompressionPlan plan,
        CompressionOptions options,
        TokenSet tokens,
        IReadOnlyList<SequentialOptions> candidates,
        DecoderModel finished,
        HeldOutSequences heldOut
    )
    {
        using var pass = new SequentialPass(context, metric, plan, options, tokens);
        using var states = heldOut.Embed(finished);
        var choice = new int[context.Model.Layers.Count];
        foreach (var layer in context.Model.Layers)
        {
            var best = HeldOutLoss.Infinite;
            LinearModule[] kept = [];
            pass._denseInputs.Advance(layer);
            for (int c = 0; c < candidates.Count; c++)
            {
                pass.Fit(layer, candidates[c]);
                LinearModule[] fitted = [.. pass._compressed.Layers[layer.Index].Linears];
                foreach (var module in fitted)
                    finished.Replace(module.Name, module);
                var loss = states.Loss(finished);
                if (c == 0 || loss.IsBetterThan(best))
                    (best, choice[layer.Index], kept) = (loss, c, fitted);
                // The next candidate starts, as this one did, from a layer that is not compressed.
                foreach (var module in layer.Linears)
                    pass._compressed.Replace(module.Name, module);
            }
            foreach (var module in kept)
            {
                finished.Replace(module.Name, module);
                pass._compressed.Replace(module.Name, module);
            }
            states.Advance(finished);
            pass.Advance(layer);
            context.Progress.Report(
                new StageProgress(
                    StageNames.Sequential,
                    $"choosing, layer {layer.Index + 1}/{choice.Length}",
                    layer.Index + 1,
                    choice.Length
                )
            );
        }
        return choice;
    }

    public void Dispose()
    {
        _denseInputs.Dispose();
        _compressedStates.Dispose();
    }

    private void Layer(DecoderLayer dense, Artifact artifact)
    {
        string part = ArtifactParts.Layer(dense.Index);
        // A run that was killed has the factors of the first layers: the hidden states only have to pass through them.
        if (artifact.Has(part))
        {
            _denseInputs.Skip(dense);
            Install(dense, artifact.Part(part));
        }
        else
        {
            _denseInputs.Advance(dense);
            artifact.Write(part, Fit(dense, _options.SequentialOf(dense.Index)));
        }
        Advance(dense);
        _context.Progress.Report(
            new StageProgress(
                StageNames.Sequential,
                $"layer {dense.Index + 1}/{_context.Model.Layers.Count}",
                dense.Index + 1,
                _context.Model.Layers.Count
            )
        );
    }

    // Fits the modules of a layer one group after the other, each with those before it in place.
    private List<TensorEntry> Fit(DecoderLayer dense, SequentialOptions fit)
    {
        var entries = new List<TensorEntry>();
        var la = _context.Backend.LinearAlgebra;
        using var scaling = _metric.Open(dense.Index);
        for (int g = 0; g < dense.Groups.Count; g++)
        {
            var modules = Truncated(dense.Groups[g].Modules);
            if (modules.Count == 0)
                continue;
            var (cross, gram) = Inputs(_compressed.Layers[dense.Index], g);
            var input = _metric.FactorInputs(gram);
            foreach (var module in modules)
            {
                _context.Cancellation.ThrowIfCancellationRequested();
                var w = FactorSet.Weights(_context.Backend, module);
                var target = SequentialTarget.Weights(la, w, cross, gram, fit.Strength, fit.Damping);
                var factors = FactorSet.Rounded(WhitenedSvd.Factorize(la, target, input, scaling.Output(module), _ranks[module.Name].Pool));
                entries.AddRange(FactorSet.Entries(module.Name, factors));
                Install(module, factors);
            }
        }
        return entries;
    }

    private void Install(DecoderLayer dense, string part)
    {
        using var file = SafeTensorsFile.Open(part);
        foreach (var module in Truncated(dense.Linears))
            Install(module, FactorSet.Load(file, module.Name, int.MaxValue));
    }

    private void Install(LinearModule dense, SpectralFactors factors) =>
        _compressed.Replace(
            dense.Name,
            StoredForms.LowRank(
                dense,
                Truncation.Keep(factors, _ranks[dense.Name].Rank!.Value),
                _options.WrittenType(dense.StoredTensors[0].Type)
            )
        );

    private List<LinearModule> Truncated(IEnumerable<LinearModule> modules) => [.. modules.Where(m => _ranks[m.Name].Rank is not null)];

    private void Advance(DecoderLayer dense)
    {
        var compressed = _compressed.Layers[dense.Index];
        _compressedStates.Advance(compressed);
        // The layer's modules have served: only factors on disk are needed from here on.
        foreach (var module in dense.Linears)
            compressed.Replace(module.Name, module);
    }

    // X_fᵀX_c and X_cᵀX_c at the inputs of a group.
    private (Matrix Cross, Matrix Gram) Inputs(DecoderLayer compressed, int group)
    {
        var backend = _context.Backend;
        int n = compressed.Groups[group].InFeatures;
        var cross = new Matrix(n, n);
        using var gram = backend.CreateGram(n);
        using var product = backend.Allocate(n, n);
        var block = new float[n * n];
        _compressedStates.ForEachBatch(
            (first, count) =>
            {
                using var xc = _compressedStates.GroupInputs(compressed, group, first, count);
                gram.Add(xc);
                _denseInputs.Read(group, first, count, xf => backend.MatMul(xf, true, xc, false, product));
                backend.Download(product, block);
                for (int i = 0; i < block.Length; i++)
                    cross.Data[i] += block[i];
            }
        );
        return (cross, gram.ToMatrix());
    }
}
