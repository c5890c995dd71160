using SvdSurgeon.Calibration;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.Statistics;

/// <summary>The statistics of the dense model that a method needs.</summary>
/// <param name="Inputs">Gram matrices and means of inputs; null where the method needs none.</param>
/// <param name="Outputs">Gram matrices of output gradients or row Fishers; null where the method needs none.</param>
internal sealed record DenseStatistics(InputStatistics? Inputs, OutputStatistics? Outputs)
{
    /// <summary>Collects what is not there yet; a shard collects its share of it.</summary>
    public static DenseStatistics Collect(PipelineContext context, CompressionMethod method, TokenSet tokens)
    {
        bool outputs = method.Outputs != OutputStatistic.None,
            rows = method.Outputs == OutputStatistic.RowFisher;
        if (method.NeedsInputs && outputs)
            CollectTogether(context, tokens, rows);
        return new DenseStatistics(
            method.NeedsInputs ? InputStatistics.Collect(context, tokens) : null,
            outputs ? OutputStatistics.Collect(context, tokens, rows) : null
        );
    }

    // One forward pass serves both, where neither is there yet and the sums of all layers fit. The batches are the same as in the separate
    // passes, and so are the bytes.
    private static void CollectTogether(PipelineContext context, TokenSet tokens, bool rowFisher)
    {
        var (gram, gradients) = (InputStatistics.Statistic(context, tokens), OutputStatistics.Statistic(context, tokens, rowFisher));
        if (!context.Model.Layers.Any(layer => gram.Lacks(layer.Index) && gradients.Lacks(layer.Index)))
            return;
        if (GradientPass.Bytes(context.Model, [gram, gradients]) > context.Memory / 4)
            return;
        context.Timed(
            $"{StageNames.Gram}+{StageNames.Gradients}",
            false,
            () =>
            {
                GradientPass.Run(context, $"{StageNames.Gram}+{StageNames.Gradients}", context.Model, tokens, gram, gradients);
                return true;
            }
        );
    }
}
