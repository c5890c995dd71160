using System.Text.Json.Nodes;

namespace SvdSurgeon.Evaluation.Tasks;

/// <summary>What a model reached at a task.</summary>
/// <param name="Task">The task's name.</param>
/// <param name="Metrics">What it is judged by.</param>
/// <param name="Items">All items, in order.</param>
/// <param name="Tokens">Tokens of all requests, as if nothing were shared.</param>
/// <param name="TokensRead">Tokens that went through the model in this run.</param>
/// <param name="Seconds">Wall time of this run.</param>
internal sealed record TaskResult(
    string Task,
    TaskMetrics Metrics,
    IReadOnlyList<ItemResult> Items,
    long Tokens,
    long TokensRead,
    double Seconds
)
{
    /// <summary>Mean of acc, and its error.</summary>
    public Mean Accuracy => Mean.Of(Items.Select(item => (double)item.Accuracy(Metrics)));

    /// <summary>Mean of acc_norm, and its error; null where the task has none.</summary>
    public Mean? NormalizedAccuracy =>
        Metrics == TaskMetrics.NormalizedAccuracy ? Mean.Of(Items.Select(item => (double)item.NormalizedAccuracy)) : null;

    /// <summary>exp(−mean log-likelihood of the last words); null where the task has none. A word, not a token, counts as one.</summary>
    public double? Perplexity => Metrics == TaskMetrics.LastWord ? Math.Exp(-WordLogLikelihood.Value) : null;

    /// <summary>Standard error of the perplexity to first order (delta method); null where there is none. The harness draws samples
    /// instead.</summary>
    public double? PerplexityError => Perplexity * WordLogLikelihood.Error;

    /// <summary>Tokens of all requests per second, shared ones counted as often as they are used; 0 where nothing was computed.</summary>
    public double TokensPerSecond => TokensRead == 0 ? 0 : Tokens / Math.Max(Seconds, 1e-9);

    private Mean WordLogLikelihood => Mean.Of(Items.Select(item => item.LogLikelihoods[0]));

    /// <summary>The numbers under the harness's names.</summary>
    /// <param name="times">With what the run took, which differs from run to run.</param>
    public JsonObject ToJson(bool times = true)
    {
        var json = new JsonObject
        {
            ["task"] = Task,
            ["n"] = Items.Count,
            ["acc"] = Accuracy.Value,
            ["acc_stderr"] = Accuracy.Error,
            ["acc_norm"] = NormalizedAccuracy?.Value,
            ["acc_norm_stderr"] = NormalizedAccuracy?.Error,
            ["perplexity"] = Perplexity,
            ["perplexity_stderr"] = PerplexityError,
        };
        if (!times)
            return json;
        json["tokens"] = Tokens;
        json["tokens_read"] = TokensRead;
        json["seconds"] = Math.Round(Seconds, 3);
        json["tokens_per_second"] = Math.Round(TokensPerSecond, 1);
        return json;
    }
}
