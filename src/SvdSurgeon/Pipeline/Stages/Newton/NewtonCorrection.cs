using SvdSurgeon.Calibration;
using SvdSurgeon.Compression.Refitting;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.States;

namespace SvdSurgeon.Pipeline.Stages.Newton;

/// <summary>
/// Newton steps for all compressed modules at once (<see cref="NewtonStep"/>) that bring the compressed model's predictions closer to the
/// dense model's, truncated to the plan's ranks after each. The second-order model knows every module by itself and all of them mend the
/// same error, so that the full step is far too long, and with little data it fits the sequences it comes from: its length is judged on
/// calibration sequences that the step has not seen, and a step that gains nothing there is not taken.
/// </summary>
internal sealed class NewtonCorrection(
    PipelineContext context,
    ModuleMetric metric,
    CompressionPlan plan,
    TokenSet tokens,
    CompressionOptions options
)
{
    // The length is judged on so many tokens, or on a quarter of the sequences where these are fewer.
    private const int SearchTokens = 4096;

    private readonly NewtonSetting _setting = new(context, metric, plan, tokens, JudgingSequences(tokens), options);

    /// <summary>Takes some steps, or goes on from those that were taken before; ends early when no length gains anything.</summary>
    /// <param name="start">Factors of every module that the plan truncates.</param>
    /// <param name="steps">How many.</param>
    /// <returns>The factors after the last step.</returns>
    public FactorSet Run(FactorSet start, int steps)
    {
        Lazy<DenseOutputs> dense = new(() => DenseOutputs.Of(context, tokens));
        try
        {
            // The lengths of earlier steps are kept and lead to the last state that is still there; those on the way were deleted when they
            // had served.
            var states = new List<NewtonState> { new(_setting, start, dense) };
            while (states.Count <= steps && states[^1].KnownLength() is { } known and > 0)
                states.Add(new NewtonState(_setting, states[^1].Find(known), dense));
            int first = states.FindLastIndex(state => state.Factors.IsComplete(context.Model));
            var current = states[first];
            double? length = first > 0 ? states[first - 1].KnownLength() : null;
            for (int step = first; step < steps; step++)
            {
                length = current.KnownLength() ?? current.Search(length);
                if (length == 0)
                {
                    current.Release(keepFactors: true);
                    break;
                }
                var next = new NewtonState(_setting, current.Step(length.Value), dense);
                // Another call may come back to where this one began.
                current.Release(keepFactors: step == first);
                current = next;
            }
            return current.Factors;
        }
        finally
        {
            if (dense.IsValueCreated)
                dense.Value.Dispose();
        }
    }

    private static int JudgingSequences(TokenSet tokens) =>
        Math.Clamp((SearchTokens + tokens.Length - 1) / tokens.Length, 1, Math.Max(1, tokens.Sequences / 4));
}
