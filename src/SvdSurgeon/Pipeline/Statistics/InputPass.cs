using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.Statistics;

/// <summary>
/// Collects statistics of the modules' inputs layer by layer: all sequences go through a layer before the next one, so that only one
/// layer's sums and widened weights are in memory. Hidden states go to a file where they are too many.
/// </summary>
internal static class InputPass
{
    /// <summary>Collects what the statistic lacks.</summary>
    /// <param name="context">The run.</param>
    /// <param name="stage">Name for progress.</param>
    /// <param name="tokens">All calibration sequences, also where the run is a shard.</param>
    /// <param name="statistic">What is collected.</param>
    public static void Run(PipelineContext context, string stage, TokenSet tokens, Statistic statistic)
    {
        var blocks = SequenceBlocks.Of(tokens);
        if (context.Sharing.WithOthers)
            BlockParts.Share(
                context,
                context.Model,
                blocks,
                [statistic],
                block => Run(context, stage, tokens, statistic, [block], inParts: true)
            );
        else
            Run(context, stage, tokens, statistic, blocks.Of(context.Shard), context.Shard is not null);
        context.Progress.Report(new StageProgress(stage, "", 1, 1));
    }

    // The sums of some blocks; in parts: a file a block and layer, to be added up later.
    private static void Run(
        PipelineContext context,
        string stage,
        TokenSet tokens,
        Statistic statistic,
        IReadOnlyList<int> blocks,
        bool inParts
    )
    {
        var (model, backend, artifact) = (context.Model, context.Backend, statistic.Artifact);
        int length = tokens.Length;
        var all = SequenceBlocks.Of(tokens);
        bool Missing(int layer) =>
            statistic.Lacks(layer) && (!inParts || blocks.Any(block => !artifact.Has(ArtifactParts.Block(block, layer))));
        int last = model.Layers.Count - 1;
        while (last >= 0 && !Missing(last))
            last--;
        if (last < 0)
            return;

        int start = all.First(blocks[0]),
            sequences = blocks.Sum(all.Length);
        int most = blocks.SelectMany(block => all.Batches(block, length)).Max(batch => batch.Count) * length;
        backend.RequireMemory(Need(model, HiddenStore.Bytes(sequences * length, model.Config.HiddenSize, context.Memory / 4), most));
        using var hidden = HiddenStore.Create(backend, sequences * length, model.Config.HiddenSize, context.Memory / 4, artifact.Folder);
        foreach (var (first, count) in blocks.SelectMany(block => all.Batches(block, length)))
            hidden.Write((first - start) * length, count * length, rows => model.Embed(backend, tokens.Rows(first, count), count, rows));
        // Written, and flushed to the disk, while the next layer is computed.
        using var writing = new BackgroundWrite();
        for (int layer = 0; layer <= last; layer++)
        {
            var totals = new Sums();
            using var sums = Missing(layer) ? statistic.Collect([model.Layers[layer]]) : null;
            foreach (int block in blocks)
            {
                context.Progress.Report(
                    new StageProgress(
                        stage,
                        $"layer {layer + 1}/{last + 1}",
                        (long)layer * sequences + all.First(block) - start,
                        (long)(last + 1) * sequences
                    )
                );
                foreach (var (first, count) in all.Batches(block, length))
                {
                    context.Cancellation.ThrowIfCancellationRequested();
                    hidden.Update(
                        (first - start) * length,
                        count * length,
                        rows => model.Layers[layer].Forward(backend, rows, new LayerContext(count, length), null, sums)
                    );
                }
                if (sums is null)
                    continue;
                // The totals of two layers are never held at once.
                writing.Await();
                if (!inParts)
                    sums.MoveTo(totals, model.Layers[layer]);
                else
                {
                    var part = new Sums();
                    sums.MoveTo(part, model.Layers[layer]);
                    artifact.Write(ArtifactParts.Block(block, layer), part.Entries());
                }
            }
            if (sums is null || inParts)
                continue;
            var finished = model.Layers[layer];
            writing.Begin(() => statistic.Write(finished, totals));
        }
        writing.Await();
    }

    // The hidden states of all tokens, the sums of one layer in float64, and what a layer holds of a batch.
    internal static MemoryNeed Need(DecoderModel model, long hiddenBytes, long batchTokens)
    {
        long sums = model.Layers.Max(layer => layer.Groups.Sum(group => PackedSymmetric.Length(group.InFeatures) * sizeof(double)));
        long largest = model.Linears.Max(module => (long)module.OutFeatures * module.InFeatures);
        return new MemoryNeed(hiddenBytes + sums + batchTokens * PassOptions.BytesPerLayer(model), largest, batchTokens);
    }
}
