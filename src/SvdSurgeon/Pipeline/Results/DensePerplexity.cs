using System.Text.Json.Nodes;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.Results;

/// <summary>The dense model's perplexity, which every result is compared with: measured once for a model and its evaluation data.</summary>
internal static class DensePerplexity
{
    private const string Part = "perplexity.safetensors",
        Tensor = "perplexity";

    /// <summary>Measures it, or finds it in the work folder.</summary>
    public static PerplexityResult Of(PipelineContext context, TokenWindows windows)
    {
        const string stage = "eval dense";
        var artifact = context.Work.Open("eval", new JsonObject { ["model"] = context.ModelHash, ["windows"] = windows.Hash() });
        bool known = artifact.Has(Part);
        return context.Timed(
            stage,
            known,
            () =>
            {
                if (known)
                {
                    using var file = SafeTensorsFile.Open(artifact.Part(Part));
                    var values = file[Tensor].Doubles();
                    return new PerplexityResult(values[0], values[1], values[2], windows.Count, (long)windows.Count * windows.Length, 0);
                }
                var result = Perplexity.Evaluate(
                    context.Model,
                    context.Backend,
                    windows,
                    done => context.Progress.Report(new StageProgress(stage, $"window {done}/{windows.Count}", done, windows.Count)),
                    context.Cancellation
                );
                artifact.Write(Part, [TensorEntry.FromDoubles(Tensor, new[] { result.Ppl, result.MeanNll, result.LogSe })]);
                return result;
            }
        );
    }
}
