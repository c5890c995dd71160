using System.Text.Json.Nodes;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>Perplexities of models of integers: while one is looked for, and of the folders that were written.</summary>
internal static class BitsEvaluation
{
    /// <summary>The perplexity of a model; infinite losses are errors.</summary>
    public static PerplexityResult Measure(PipelineContext context, string stage, DecoderModel model, TokenWindows windows) =>
        context.Timed(
            stage,
            false,
            () =>
                Perplexity.Evaluate(
                    model,
                    context.Backend,
                    windows,
                    done => context.Progress.Report(new StageProgress(stage, $"window {done}/{windows.Count}", done, windows.Count)),
                    context.Cancellation
                )
        );

    /// <summary>What a result's folder holds, read back and evaluated; the perplexities go into its metrics.json.</summary>
    public static QuantizedModel Read(
        PipelineContext context,
        string name,
        BitsPlan plan,
        string folder,
        TokenWindows? windows,
        PerplexityResult? dense
    )
    {
        using var checkpoint = Checkpoint.Open(folder);
        PerplexityResult? perplexity = null;
        if (windows is not null)
        {
            perplexity = Measure(context, $"eval {name}", DecoderModel.Load(checkpoint), windows);
            ModelMetrics.AddEvaluation(folder, windows, dense!, perplexity);
        }
        var steps = checkpoint.Compression!["auto"] is JsonArray tried ? tried.Select(step => AutoStep.FromJson(step!)) : [];
        return new QuantizedModel(
            name,
            plan.BitsPerWeight,
            checkpoint.Bytes,
            plan.ModulesByBits(context.Model),
            plan.PredictedLoss,
            folder,
            perplexity,
            [.. steps]
        );
    }
}
