using SvdSurgeon.Calibration;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Statistics;

/// <summary>
/// Collects statistics in forward and backward passes over blocks of sequences: for as many layers at once as their sums fit into memory,
/// the last layers first, since a backward pass ends with the first layer that it is for. A run over all sequences keeps the sums of the
/// blocks so far in a file now and then, and goes on from there; a shard writes a file a block and layer.
/// </summary>
internal sealed class GradientPass
{
    private readonly PipelineContext _context;
    private readonly string _stage;
    private readonly DecoderModel _model;
    private readonly TokenSet _tokens;
    private readonly SequenceLoss? _loss;
    private readonly IReadOnlyList<Statistic> _statistics;
    private readonly SequenceBlocks _blocks;

    private GradientPass(
        PipelineContext context,
        string stage,
        DecoderModel model,
        TokenSet tokens,
        SequenceLoss? loss,
        IReadOnlyList<Statistic> statistics
    )
    {
        (_context, _stage, _model, _tokens, _loss, _statistics) = (context, stage, model, tokens, loss, statistics);
        _blocks = SequenceBlocks.Of(tokens);
    }

    /// <summary>Collects what the statistics lack.</summary>
    /// <param name="context">The run.</param>
    /// <param name="stage">Name for progress.</param>
    /// <param name="model">The model that goes forward and backward.</param>
    /// <param name="tokens">All calibration sequences, also where the run is a shard.</param>
    /// <param name="statistics">What is collected in the same passes.</param>
    public static void Run(
        PipelineContext context,
        string stage,
        DecoderModel model,
        TokenSet tokens,
        params IReadOnlyList<Statistic> statistics
    ) => Run(context, stage, model, tokens, null, statistics);

    /// <summary>Collects what the statistics lack, from the gradients of another loss than the next token's.</summary>
    /// <inheritdoc cref="Run(PipelineContext, string, DecoderModel, TokenSet, IReadOnlyList{Statistic})"/>
    public static void Run(
        PipelineContext context,
        string stage,
        DecoderModel model,
        TokenSet tokens,
        SequenceLoss? loss,
        params IReadOnlyList<Statistic> statistics
    )
    {
        var pass = new GradientPass(context, stage, model, tokens, loss, statistics);
        if (context.Sharing.WithOthers)
            BlockParts.Share(context, model, pass._blocks, statistics, pass.Part);
        else if (context.Shard is null)
            pass.All();
        else
            foreach (int block in pass._blocks.Of(context.Shard))
                pass.Part(block);
        context.Progress.Report(new StageProgress(stage, "", 1, 1));
    }

    /// <summary>Bytes that the sums of all layers take at once.</summary>
    public static long Bytes(DecoderModel model, IReadOnlyList<Statistic> statistics) =>
        model.Layers.Sum(layer => statistics.Sum(s => s.Bytes(layer)));

    private void All()
    {
        var progress = new PassProgress(_statistics[^1].Artifact, string.Join(' ', _statistics.Select(s => s.Artifact.Key)));
        for (int pass = 1; Missing() is { Count: > 0 } missing; pass++)
        {
            var (resumed, done) = progress.Find(_model.Layers, missing);
            var layers = resumed ?? Fitting(missing);
            var totals = _statistics.Select(_ => layers.Select(_ => new Sums()).ToList()).ToList();
            if (done > 0)
                progress.Load(totals);
            var sums = _statistics.Select(s => s.Collect(layers)).ToList();
            try
            {
                for (int block = done; block < _blocks.Count; block++)
                {
                    string share = layers.Count < _model.Layers.Count ? $", layers {layers[0].Index + 1} to {layers[^1].Index + 1}" : "";
                    int summed = _blocks.First(block) + _blocks.Length(block);
                    Block(block, layers, sums, $"{summed}/{_tokens.Sequences}{share}");
                    for (int s = 0; s < sums.Count; s++)
                    for (int i = 0; i < layers.Count; i++)
                        sums[s].MoveTo(totals[s][i], layers[i]);
                    if (block + 1 < _blocks.Count)
                        progress.Save(layers, block + 1, totals);
                }
            }
            finally
            {
                sums.ForEach(s => s.Dispose());
            }
            for (int i = 0; i < layers.Count; i++)
            for (int s = 0; s < sums.Count; s++)
            {
                _statistics[s].Write(layers[i], totals[s][i]);
                totals[s][i] = new Sums();
                // What is made of the sums takes large arrays itself, and beside those that live here the collector would let as many
                // gigabytes of garbage gather.
                GC.Collect();
            }
            progress.Delete();
        }
    }

    // A file a statistic and layer, with the sums of one block.
    private void Part(int block)
    {
        while (
            _model.Layers.Where(layer => _statistics.Any(s => BlockParts.Lacks(s, block, layer.Index))).ToList() is { Count: > 0 } missing
        )
        {
            var layers = Fitting(missing);
            var sums = _statistics.Select(s => s.Collect(layers)).ToList();
            try
            {
                Block(block, layers, sums, $"{_blocks.First(block) + _blocks.Length(block)}/{_tokens.Sequences}");
                for (int s = 0; s < sums.Count; s++)
                    foreach (var layer in layers)
                    {
                        var part = new Sums();
                        sums[s].MoveTo(part, layer);
                        if (BlockParts.Lacks(_statistics[s], block, layer.Index))
                            _statistics[s].Artifact.Write(ArtifactParts.Block(block, layer.Index), part.Entries());
                    }
            }
            finally
            {
                sums.ForEach(s => s.Dispose());
            }
        }
    }

    private void Block(int block, List<DecoderLayer> layers, List<LayerSums> sums, string detail)
    {
        int count = _blocks.Length(block);
        var options = _context.Pass(_tokens.Length) with { LowestLayer = layers[0].Index };
        _context.Progress.Report(new StageProgress(_stage, $"sequence {detail}", _blocks.First(block), _tokens.Sequences));
        // The loss counts sequences from the first of all, not of the block.
        SequenceLoss? loss = _loss is null
            ? null
            : (first, hidden, losses, dHidden) => _loss(_blocks.First(block) + first, hidden, losses, dHidden);
        ForwardBackward.Run(
            _model,
            _context.Backend,
            _tokens.Rows(_blocks.First(block), count),
            _tokens.Length,
            new double[count],
            new Together(sums),
            options,
            done =>
                _context.Progress.Report(new StageProgress(_stage, $"sequence {detail}", _blocks.First(block) + done, _tokens.Sequences)),
            _context.Cancellation,
            loss
        );
    }

    private List<DecoderLayer> Missing() => [.. _model.Layers.Where(layer => _statistics.Any(s => s.Lacks(layer.Index)))];

    private List<DecoderLayer> Fitting(List<DecoderLayer> layers)
    {
        long used = 0;
        int first = layers.Count - 1;
        for (; first >= 0; first--)
            if ((used += _statistics.Sum(s => s.Bytes(layers[first]))) > _context.Memory / 4)
                break;
        return layers[Math.Min(first + 1, layers.Count - 1)..];
    }

    private sealed class Together(List<LayerSums> sums) : ILinearVisitor
    {
        public void Input(InputGroup group, Tensor x) => sums.ForEach(s => s.Input(group, x));

        public void Gradient(LinearModule module, Tensor x, Tensor dy) => sums.ForEach(s => s.Gradient(module, x, dy));
    }
}
