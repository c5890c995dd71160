using System.Text.Json.Nodes;
using SvdSurgeon.Evaluation.Tasks;

namespace SvdSurgeon.Evaluation.Comparing;

/// <summary>Two models at the same items; differences are the second model's less the first's, item by item.</summary>
/// <param name="First">The model to compare with.</param>
/// <param name="Second">The other.</param>
internal sealed record TaskComparison(TaskResult First, TaskResult Second)
{
    /// <summary>Difference of acc. Its error is that of paired items, smaller than what the errors of both accuracies suggest.</summary>
    public Mean Accuracy => Paired(item => item.Accuracy(First.Metrics));

    /// <summary>Difference of acc_norm; null where the task has none.</summary>
    public Mean? NormalizedAccuracy => First.Metrics == TaskMetrics.NormalizedAccuracy ? Paired(item => item.NormalizedAccuracy) : null;

    /// <summary>Difference of the right choice's log-likelihood, in nats; items whose right choice is none of those scored are left
    /// out.</summary>
    public Mean LogLikelihood =>
        Mean.Of(
            First
                .Items.Zip(Second.Items)
                .Where(pair => pair.First.Gold < pair.First.LogLikelihoods.Length)
                .Select(pair => pair.Second.LogLikelihoods[pair.Second.Gold] - pair.First.LogLikelihoods[pair.First.Gold])
        );

    /// <summary>Items that only the second model has right.</summary>
    public int Gained =>
        First.Items.Zip(Second.Items).Count(pair => pair.Second.Accuracy(First.Metrics) > pair.First.Accuracy(First.Metrics));

    /// <summary>Items that only the first model has right.</summary>
    public int Lost =>
        First.Items.Zip(Second.Items).Count(pair => pair.Second.Accuracy(First.Metrics) < pair.First.Accuracy(First.Metrics));

    /// <summary>All numbers.</summary>
    /// <param name="times">With what the runs took, which differs from run to run.</param>
    public JsonObject ToJson(bool times = true) =>
        new()
        {
            ["task"] = First.Task,
            ["n"] = First.Items.Count,
            ["first"] = First.ToJson(times),
            ["second"] = Second.ToJson(times),
            ["acc_difference"] = Json(Accuracy),
            ["acc_norm_difference"] = NormalizedAccuracy is { } normalized ? Json(normalized) : null,
            ["loglikelihood_difference"] = Json(LogLikelihood),
            ["gained"] = Gained,
            ["lost"] = Lost,
        };

    private static JsonObject Json(Mean mean) =>
        new()
        {
            ["mean"] = mean.Value,
            ["stderr"] = mean.Error,
            ["t"] = mean.T,
        };

    private Mean Paired(Func<ItemResult, int> count) =>
        Mean.Of(First.Items.Zip(Second.Items, (first, second) => (double)(count(second) - count(first))));
}
