using System.Globalization;

namespace SvdSurgeon.Reporting;

/// <summary>Accuracies at multiple-choice tasks beside the perplexities, each with its error, and what a difference below the error
/// means.</summary>
internal static class TasksSection
{
    private static readonly string[] Columns =
    [
        "Method",
        "Kept",
        "Task",
        "Items",
        "Metric",
        "Dense",
        "Compressed",
        "Difference",
        "Read as",
    ];

    public static HtmlMarkup Draw(List<ResultData> results, IReadOnlyDictionary<ResultData, string> labels)
    {
        var markup = new HtmlMarkup().Line($"<section><h2>Tasks</h2>").Add(ComparisonReport.Meaning());
        markup.Line(
            $"<div class=\"scroll\"><table class=\"sortable\"><caption>Shares of items with the right choice, by "
                + $"log-likelihood as lm-evaluation-harness counts "
                + $"them.</caption><thead><tr>"
        );
        foreach (var (i, column) in Columns.Index())
            markup.Add(ReportStyle.Header(column, i is 1 or 3 or > 4 and < 8));
        markup.Add($"</tr></thead><tbody>");
        foreach (var result in results)
        foreach (var task in result.Tasks)
            markup.Line(
                $"<tr><th scope=\"row\">{labels[result]}</th><td data-v=\"{result.Ratio}\">{result.Ratio:0.###}</td><td "
                    + $"class=\"text\">{task.Task}</td>"
                    + $"<td data-v=\"{task.Items}\">{task.Items:N0}</td><td class=\"text\">{task.Metric}</td>"
                    + $"<td data-v=\"{task.Dense}\">{WithError(task.Dense, task.DenseError, "0.000")}</td>"
                    + $"<td data-v=\"{task.Compressed}\">{WithError(task.Compressed, task.CompressedError, "0.000")}</td>"
                    + $"<td data-v=\"{task.Difference}\">{WithError(task.Difference, task.DifferenceError, "+0.000;−0.000;0.000")}</td>"
                    + $"<td class=\"text\">{Reading(task)}</td></tr>"
            );
        return markup.Add($"</tbody></table></div></section>");
    }

    private static string Reading(TaskMeasure task) =>
        task.MayBeChance ? "may be chance"
        : task.Difference < 0 ? "worse"
        : "better";

    private static string WithError(double value, double? error, string format) =>
        value.ToString(format, CultureInfo.InvariantCulture)
        + (error is { } e ? $" ± {e.ToString("0.000", CultureInfo.InvariantCulture)}" : "");
}
