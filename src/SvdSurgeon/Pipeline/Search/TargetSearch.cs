using System.Globalization;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Stages;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Search;

/// <summary>
/// The kept fraction that meets a target, by bisection to a thousandth. Every fraction is made from the statistics and factors that are
/// there already; a perplexity costs an evaluation a step, a size not even that.
/// </summary>
internal sealed class TargetSearch(PipelineContext context, CompressionStages stages)
{
    /// <summary>Fractions are found to 1 / Steps.</summary>
    private const int Steps = 1000;

    /// <summary>The fraction that meets a target with the options that <paramref name="choose"/> gives there.</summary>
    /// <param name="target">Size or perplexity.</param>
    /// <param name="options">As asked for.</param>
    /// <param name="choose">The options of one fraction: a search where one is asked for, else the same everywhere.</param>
    /// <param name="windows">Evaluation data, for a perplexity.</param>
    /// <exception cref="InvalidInputException">No fraction reaches it.</exception>
    public double Find(CompressionTarget target, CompressionOptions options, Func<double, CompressionOptions> choose, TokenWindows? windows)
    {
        // Near the target by what one pass of statistics gives, then with what a search chooses there.
        var onePass = AutoSearch.OnePass(options);
        if (target is SizeTarget size)
        {
            double fits = ForSize(size, onePass);
            while (fits > 0 && Bytes(fits, choose(fits)) > size.Bytes)
                fits = Next(fits, -1);
            return fits > 0 ? fits : throw new InvalidInputException($"{target.Text}: out of reach with these options.");
        }
        var perplexity = (PerplexityTarget)target;
        // In nats: a perplexity may be too large for a number, its logarithm is not.
        double dense = DensePerplexity.Of(context, windows!).MeanNll,
            limit = dense + Math.Log(1 + perplexity.Increase);
        double ratio = ForPerplexity(perplexity, limit, dense, onePass, windows!);
        if (!options.Searches)
            return ratio;
        ratio = ForPerplexity(perplexity, limit, dense, choose(ratio), windows!);
        // The search runs again for the fraction itself and may settle on other options, a little better or worse on this data.
        while (ratio < (Steps - 1.0) / Steps && Loss(ratio, choose(ratio), windows!) > limit)
            ratio = Next(ratio, 1);
        return ratio;
    }

    private long Bytes(double ratio, CompressionOptions options)
    {
        using var modules = stages.Modules(ratio, options);
        return ModelWriter.Bytes(context, modules, options);
    }

    // The fraction next to another, above or below it.
    private static double Next(double ratio, int direction) => (Math.Round(ratio * Steps) + direction) / Steps;

    /// <summary>The largest fraction whose weight files are not larger than the target.</summary>
    /// <exception cref="InvalidInputException">No fraction reaches it.</exception>
    private double ForSize(SizeTarget target, CompressionOptions options)
    {
        if (options.Dense)
            throw new InvalidInputException(
                $"{target.Text}: with --dense the merged weights have the model's own size at every kept fraction. Leave --dense out."
            );
        long dense = context.Source.Tensors.Values.Sum(tensor => options.WrittenType(tensor.Type).ByteCount(tensor.Count));
        if (target.Bytes >= dense)
            throw new InvalidInputException(
                $"{target.Text}: the uncompressed weights have {SizeTarget.Megabytes(dense)} in the type that is written, so there is "
                    + $"nothing to compress for this size."
            );
        // Where not even rank 1 everywhere fits into the budget, there is no such model: the fraction is too small, as one that is too
        // small for the target is.
        int found = Last(step => Planned((double)step / Steps, options) is not { } bytes || bytes <= target.Bytes);
        if (found > 0 && Planned((double)found / Steps, options) is not null)
            return (double)found / Steps;
        int smallest = 1 + Last(step => Planned((double)step / Steps, options) is null);
        throw new InvalidInputException(
            $"{target.Text}: out of reach. With these options a result has from "
                + $"{SizeTarget.Megabytes(Planned((double)smallest / Steps, options)!.Value)} "
                + $"(kept {CompressionPlan.RatioText((double)smallest / Steps)}) to "
                + $"{SizeTarget.Megabytes(Planned((Steps - 1.0) / Steps, options)!.Value)}; embeddings, norms and head are not compressed."
        );
    }

    /// <summary>The smallest fraction whose perplexity is not above the limit.</summary>
    /// <param name="target">For messages.</param>
    /// <param name="limit">Mean loss, nats.</param>
    /// <param name="dense">The dense model's.</param>
    /// <param name="options">What is done at every fraction.</param>
    /// <param name="windows">Evaluation data.</param>
    /// <exception cref="InvalidInputException">No fraction reaches it.</exception>
    private double ForPerplexity(PerplexityTarget target, double limit, double dense, CompressionOptions options, TokenWindows windows)
    {
        double best = Loss((Steps - 1.0) / Steps, options, windows);
        if (best > limit)
            throw new InvalidInputException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{target.Text}: out of reach. With these options perplexity rises by {100 * (Math.Exp(best - dense) - 1):0.####} % "
                        + $"even where "
                        + $"{(Steps - 1.0) / Steps} is kept (from {PerplexityText.Of(dense, "G6")} to {PerplexityText.Of(best, "G6")}); "
                        + $"--method auto loses least."
                )
            );
        int tooMuch = Last(step => Loss((double)step / Steps, options, windows) > limit);
        return (tooMuch + 1.0) / Steps;
    }

    /// <summary>Mean loss at one fraction; infinite where there is no such model or its logits are not finite.</summary>
    private double Loss(double ratio, CompressionOptions options, TokenWindows windows)
    {
        string stage = $"target {CompressionPlan.RatioText(ratio)}";
        return context.Timed(
            stage,
            false,
            () =>
            {
                if (Plan(ratio, options) is null)
                    return double.PositiveInfinity;
                using var modules = stages.Modules(ratio, options);
                return Loss(modules.Apply(context.Source), windows, stage);
            }
        );
    }

    private double Loss(DecoderModel model, TokenWindows windows, string stage)
    {
        try
        {
            return Perplexity
                .Evaluate(
                    model,
                    context.Backend,
                    windows,
                    done => context.Progress.Report(new StageProgress(stage, $"window {done}/{windows.Count}", done, windows.Count)),
                    context.Cancellation
                )
                .MeanNll;
        }
        catch (NumericalException)
        {
            return double.PositiveInfinity;
        }
    }

    // Bytes of the weight files; null where not even rank 1 everywhere fits.
    private long? Planned(double ratio, CompressionOptions options) =>
        Plan(ratio, options) is { } plan ? ModelWriter.PlannedBytes(context, plan, options) : null;

    private CompressionPlan? Plan(double ratio, CompressionOptions options)
    {
        try
        {
            return stages.Plan(ratio, options);
        }
        catch (InvalidInputException)
        {
            return null;
        }
    }

    // The last of the steps 1 … Steps − 1 for which a predicate holds that holds up to some step and not after it; 0 for none.
    private static int Last(Func<int, bool> holds)
    {
        int low = 0,
            high = Steps;
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            if (holds(middle))
                low = middle;
            else
                high = middle;
        }
        return low;
    }
}
