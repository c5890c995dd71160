using SvdSurgeon.Calibration;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Statistics;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>What rounding needs to know of the dense model.</summary>
/// <param name="Inputs">Gram matrices of the modules' inputs.</param>
/// <param name="Weighted">The same with tokens weighted by their gradient, and the energy of the gradients.</param>
internal sealed record BitsStatistics(InputStatistics Inputs, TokenWeightedStatistics Weighted)
{
    /// <summary>Collects what is not there yet, both in one pass.</summary>
    public static BitsStatistics Collect(PipelineContext context, TokenSet tokens)
    {
        var weighted = TokenWeightedStatistics.Collect(context, tokens, InputStatistics.Statistic(context, tokens));
        return new BitsStatistics(InputStatistics.Collect(context, tokens), weighted);
    }
}
