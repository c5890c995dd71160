using SvdSurgeon.Calibration;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Modules;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.Stages.Newton;

/// <summary>What all states of a correction share.</summary>
/// <param name="Context">The run.</param>
/// <param name="Metric">Two-sided metric: the dense model's output gradients.</param>
/// <param name="Plan">Ranks.</param>
/// <param name="Tokens">Calibration sequences.</param>
/// <param name="Judging">How many of them, at the end, judge the length of a step; the others are what it comes from.</param>
/// <param name="Options">Storage and pool, without surgeon.</param>
internal sealed record NewtonSetting(
    PipelineContext Context,
    ModuleMetric Metric,
    CompressionPlan Plan,
    TokenSet Tokens,
    int Judging,
    CompressionOptions Options
)
{
    /// <summary>The sequences that steps come from; all of them where there is only one.</summary>
    public TokenSet Fitted => Tokens.Take(Math.Max(1, Tokens.Sequences - Judging));

    /// <summary>The first of the sequences that judge.</summary>
    public int FirstJudging => Tokens.Sequences - Judging;

    /// <summary>The model at some factors.</summary>
    public CompressedModules Build(FactorSet factors) => CompressedModules.Build(Context, Plan, factors, null, null, Options, Metric);
}
