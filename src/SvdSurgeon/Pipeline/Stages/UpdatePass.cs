using System.Text.Json.Nodes;
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
/// SVD-LLM's closed-form update as a pass in order of the data flow: the left factor of every module is fitted anew to the dense weights on
/// the inputs of the model updated so far, the right factor stays (docs/methods.md). The result is a set of factors again, so that the
/// surgeon works on top of it; components beyond the rank, which a selection may take, keep their own left vectors.
/// </summary>
internal sealed class UpdatePass : IDisposable
{
    private readonly PipelineContext _context;
    private readonly FactorSet _factors;
    private readonly CompressionOptions _options;
    private readonly DecoderModel _compressed;
    private readonly HiddenStates _states;
    private readonly Dictionary<string, ModulePlan> _plan;

    private UpdatePass(PipelineContext context, FactorSet factors, CompressionPlan plan, CompressionOptions options, TokenSet tokens)
    {
        (_context, _factors, _options) = (context, factors, options);
        _compressed = DecoderModel.Load(context.Source);
        _plan = plan.Modules.ToDictionary(m => m.Name, StringComparer.Ordinal);
        _states = new HiddenStates(context, _compressed, tokens);
    }

    /// <summary>The factors of every module that the plan truncates, with updated left vectors.</summary>
    public static FactorSet Run(
        PipelineContext context,
        FactorSet factors,
        CompressionPlan plan,
        CompressionOptions options,
        TokenSet tokens
    )
    {
        var inputs = new JsonObject
        {
            ["model"] = context.ModelHash,
            ["factors"] = factors.Key,
            ["tokens"] = tokens.Hash(),
        };
        ArtifactOptions.Add(inputs, StageNames.Update, options);
        inputs["ranks"] = plan.RanksJson();
        var artifact = context.Work.Open(StageNames.Update, inputs);
        bool complete = context.Model.Layers.All(layer => artifact.Has(ArtifactParts.Layer(layer.Index)));
        return context.Timed(
            StageNames.Update,
            complete,
            () =>
            {
                if (!complete)
                    context.Sharing.Run([Whole()]);
                context.Progress.Report(new StageProgress(StageNames.Update, "", 1, 1));
                return new FactorSet(artifact);
            }
        );

        // Each layer waits for the one before it: one process makes all of them.
        Piece Whole() =>
            Piece.Of(
                [.. context.Model.Layers.Select(layer => artifact.Part(ArtifactParts.Layer(layer.Index)))],
                () =>
                {
                    using var pass = new UpdatePass(context, factors, plan, options, tokens);
                    foreach (var layer in context.Model.Layers)
                        pass.Layer(layer, artifact);
                }
            );
    }

    public void Dispose() => _states.Dispose();

    private void Layer(DecoderLayer dense, Artifact artifact)
    {
        var compressed = _compressed.Layers[dense.Index];
        string part = ArtifactParts.Layer(dense.Index);
        // A run that was killed has the factors of the first layers: the hidden states only have to pass through them.
        bool done = artifact.Has(part);
        var entries = new List<TensorEntry>();
        using var source = _factors.OpenLayer(dense.Index);
        using var existing = done ? SafeTensorsFile.Open(artifact.Part(part)) : null;
        for (int g = 0; g < dense.Groups.Count; g++)
        {
            var modules = dense.Groups[g].Modules.Where(m => _plan[m.Name].Rank is not null).ToList();
            var gram = done || modules.Count == 0 ? null : _states.Gram(compressed, g);
            foreach (var module in modules)
            {
                _context.Cancellation.ThrowIfCancellationRequested();
                var kept = KeptColumns.Load(source, module.Name, module.OutFeatures);
                int rank = kept?.Rank ?? _plan[module.Name].Rank!.Value;
                var factors = FactorSet.Load(existing ?? source, module.Name, int.MaxValue);
                if (gram is not null)
                {
                    factors = Updated(module, factors, kept, rank, gram);
                    entries.AddRange(FactorSet.Entries(module.Name, factors));
                    if (kept is not null)
                        entries.AddRange(kept.Entries(module.Name));
                }
                compressed.Replace(
                    module.Name,
                    StoredForms.InMemory(
                        _context.Backend.LinearAlgebra,
                        module,
                        Truncation.Keep(factors, rank),
                        kept,
                        _options.WrittenType(module.StoredTensors[0].Type)
                    )
                );
            }
        }
        _states.Advance(compressed);
        // The layer's modules have served: only factors on disk are needed from here on.
        foreach (var module in dense.Linears)
            compressed.Replace(module.Name, module);
        if (!done)
            artifact.Write(part, entries);
        _context.Progress.Report(
            new StageProgress(
                StageNames.Update,
                $"layer {dense.Index + 1}/{_context.Model.Layers.Count}",
                dense.Index + 1,
                _context.Model.Layers.Count
            )
        );
    }

    private SpectralFactors Updated(LinearModule module, SpectralFactors factors, KeptColumns? kept, int rank, Matrix gram)
    {
        var w = FactorSet.Weights(_context.Backend, module);
        return FactorSet.Rounded(FactorUpdate.Refit(_context.Backend.LinearAlgebra, kept?.Moving(w) ?? w, factors, rank, gram));
    }
}
