using System.Text.Json.Nodes;

namespace SvdSurgeon.Reporting;

/// <summary>What the dense and the compressed model reached at a task, as metrics.json has it.</summary>
/// <param name="Task">The task's name.</param>
/// <param name="Metric">acc_norm where the task has it, else acc.</param>
/// <param name="Items">How many items.</param>
/// <param name="Dense">Accuracy of the dense model.</param>
/// <param name="DenseError">Its standard error; null for one item.</param>
/// <param name="Compressed">Accuracy of the compressed model.</param>
/// <param name="CompressedError">Its standard error.</param>
/// <param name="Difference">Compressed less dense.</param>
/// <param name="DifferenceError">Standard error of the paired difference.</param>
internal sealed record TaskMeasure(
    string Task,
    string Metric,
    int Items,
    double Dense,
    double? DenseError,
    double Compressed,
    double? CompressedError,
    double Difference,
    double? DifferenceError
)
{
    /// <summary>Whether the difference is less than two of its errors, so that chance may have made it.</summary>
    public bool MayBeChance => DifferenceError is not { } error || Math.Abs(Difference) < 2 * error;

    /// <summary>Reads one entry.</summary>
    public static TaskMeasure Of(JsonNode json)
    {
        string metric = json["acc_norm_difference"] is null ? "acc" : "acc_norm";
        var difference = json[$"{metric}_difference"]!;
        return new TaskMeasure(
            json["task"]!.GetValue<string>(),
            metric,
            (int)json["n"]!,
            (double)json["first"]![metric]!,
            (double?)json["first"]![$"{metric}_stderr"],
            (double)json["second"]![metric]!,
            (double?)json["second"]![$"{metric}_stderr"],
            (double)difference["mean"]!,
            (double?)difference["stderr"]
        );
    }
}
