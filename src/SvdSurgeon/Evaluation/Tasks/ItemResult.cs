using System.Text.Json.Nodes;

namespace SvdSurgeon.Evaluation.Tasks;

/// <summary>What came out for one item.</summary>
internal sealed record ItemResult
{
    /// <summary>Place of the item in its file, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>Number of the right choice.</summary>
    public required int Gold { get; init; }

    /// <summary>log-likelihood of each choice, in nats.</summary>
    public required double[] LogLikelihoods { get; init; }

    /// <summary>Whether every token of the choice is the likeliest one.</summary>
    public required bool[] Greedy { get; init; }

    /// <summary>Code points of each choice, without the delimiter.</summary>
    public required int[] Lengths { get; init; }

    /// <summary>Tokens of each choice's context, cut or not.</summary>
    public required int[] ContextTokens { get; init; }

    /// <summary>Tokens of each choice.</summary>
    public required int[] ContinuationTokens { get; init; }

    /// <summary>Tokens of each context that did not fit.</summary>
    public required int[] Dropped { get; init; }

    /// <summary>The likeliest choice; of equal ones the first.</summary>
    public int Predicted => First(LogLikelihoods);

    /// <summary>The likeliest choice per code point; an empty choice is never taken.</summary>
    public int PredictedNormalized =>
        First([.. LogLikelihoods.Zip(Lengths, (value, length) => length == 0 ? double.NegativeInfinity : value / length)]);

    /// <summary>1 where the item counts for acc, else 0.</summary>
    public int Accuracy(TaskMetrics metrics) => (metrics == TaskMetrics.LastWord ? Greedy[0] : Predicted == Gold) ? 1 : 0;

    /// <summary>1 where the item counts for acc_norm, else 0.</summary>
    public int NormalizedAccuracy => PredictedNormalized == Gold ? 1 : 0;

    /// <summary>One line of the items' file.</summary>
    public JsonObject ToJson(string task, TaskMetrics metrics)
    {
        var json = new JsonObject
        {
            ["task"] = task,
            ["index"] = Index,
            ["gold"] = Gold,
        };
        if (metrics != TaskMetrics.LastWord)
            json["pred"] = Predicted;
        if (metrics == TaskMetrics.NormalizedAccuracy)
            json["pred_norm"] = PredictedNormalized;
        json["acc"] = Accuracy(metrics);
        if (metrics == TaskMetrics.NormalizedAccuracy)
            json["acc_norm"] = NormalizedAccuracy;
        json["loglikelihoods"] = Array(LogLikelihoods);
        json["is_greedy"] = Array(Greedy);
        json["choice_characters"] = Array(Lengths);
        json["context_tokens"] = Array(ContextTokens);
        json["continuation_tokens"] = Array(ContinuationTokens);
        json["dropped"] = Array(Dropped);
        return json;
    }

    /// <summary>Reads a line of the items' file.</summary>
    public static ItemResult FromJson(JsonNode json) =>
        new()
        {
            Index = (int)json["index"]!,
            Gold = (int)json["gold"]!,
            LogLikelihoods = Values<double>(json["loglikelihoods"]!),
            Greedy = Values<bool>(json["is_greedy"]!),
            Lengths = Values<int>(json["choice_characters"]!),
            ContextTokens = Values<int>(json["context_tokens"]!),
            ContinuationTokens = Values<int>(json["continuation_tokens"]!),
            Dropped = Values<int>(json["dropped"]!),
        };

    private static int First(double[] values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
            if (values[i] > values[best])
                best = i;
        return best;
    }

    private static JsonArray Array(double[] values) => new([.. values.Select(value => (JsonNode?)value)]);

    private static JsonArray Array(bool[] values) => new([.. values.Select(value => (JsonNode?)value)]);

    private static JsonArray Array(int[] values) => new([.. values.Select(value => (JsonNode?)value)]);

    private static T[] Values<T>(JsonNode array) => [.. array.AsArray().Select(value => value!.GetValue<T>())];
}
