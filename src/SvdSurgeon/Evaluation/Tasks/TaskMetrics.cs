namespace SvdSurgeon.Evaluation.Tasks;

/// <summary>What a task is judged by.</summary>
internal enum TaskMetrics
{
    /// <summary>acc: how often the likeliest choice is the right one.</summary>
    Accuracy,

    /// <summary>acc, and acc_norm: the same with every log-likelihood divided by the length of its choice.</summary>
    NormalizedAccuracy,

    /// <summary>acc: how often every token of the last word is the likeliest one; and the perplexity per word.</summary>
    LastWord,
}
