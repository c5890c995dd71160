using SvdSurgeon.Evaluation;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.Results;

/// <summary>The dense model's perplexity, which every result is compared with: measured once for a model and its evaluation data.</summary>
internal static class DensePerplexity
{
    /// <summary>Measures it, or finds it in the work folder.</summary>
    public static PerplexityResult Of(PipelineContext context, TokenWindows windows)
    {
        const string stage = "eval dense";
        var artifact = StoredPerplexity.Open(context, context.ModelHash, windows);
        var known = StoredPerplexity.Find(artifact, windows);
        return context.Timed(
            stage,
            known is not null,
            () =>
            {
                if (known is not null)
                    return known;
                if (context.Sharing.WithOthers)
                    return StoredPerplexity.Share(context, artifact, context.Model, windows);
                var result = StoredPerplexity.Evaluate(context, stage, context.Model, windows);
                StoredPerplexity.Write(artifact, result);
                return result;
            }
        );
    }
}
