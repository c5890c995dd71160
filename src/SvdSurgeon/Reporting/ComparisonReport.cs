using System.Globalization;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Evaluation.Comparing;
using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Reporting;

/// <summary>A self-contained page about two models: losses and divergences per text, accuracies per task, and how divergences are spread
/// over the tokens.</summary>
internal static class ComparisonReport
{
    // Divergences below this are float32 noise.
    private const double SmallestShown = 1e-6;

    /// <summary>Writes the page.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(
        string file,
        string first,
        string second,
        IReadOnlyList<TextComparison> texts,
        IReadOnlyList<TaskComparison> tasks
    )
    {
        var page = new HtmlMarkup().Add(
            $"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><meta name=\"viewport\" "
                + $"content=\"width=device-width, initial-scale=1\"/>"
        );
        page.Add($"<title>Two models compared</title><style>").Raw(ReportStyle.Css).Add($"</style></head>\n<body>");
        page.Line(
            $"<header><h1>Two models compared</h1><p class=\"lead\">a: {first}; b: {second}. Differences are b’s less "
                + $"a’s.</p></header>\n<main>"
        );
        if (texts.Count > 0)
            page.Add(Texts(texts));
        if (tasks.Count > 0)
            page.Add(Tasks(tasks));
        page.Line($"</main><footer>Written by svdsurgeon {Recipe.ProgramVersion}.</footer></body></html>\n");
        AtomicFile.WriteAllText(file, page.ToString());
    }

    /// <summary>What a difference and its error mean, for whoever reads the tables.</summary>
    public static HtmlMarkup Meaning() =>
        new HtmlMarkup().Add(
            $"<p class=\"note\">± is one standard error. A difference of less than two of its errors may be chance: the same "
                + $"models on other items could as "
                + $"well show the opposite. Errors of differences are those of pairs, both models having seen the same items.</p>"
        );

    private static HtmlMarkup Texts(IReadOnlyList<TextComparison> texts)
    {
        var markup = new HtmlMarkup().Line($"<section><h2>Texts</h2>").Add(Meaning());
        markup.Add(Head("Loss is −ln of the probability of the next token; KL: how far b’s predictions are from a’s.", TextColumns));
        foreach (var text in texts)
            markup.Add(
                Row(
                    text.Name,
                    Number(text.Tokens, "N0"),
                    Number(Math.Exp(text.First.Value), "G5"),
                    Number(Math.Exp(text.Second.Value), "G5"),
                    WithError(text.Difference, "+0.00000;−0.00000;0.00000"),
                    text.Difference.T is { } t ? Number(t, "F1") : "",
                    WithError(text.Divergence, "G3"),
                    Number(text.DivergenceQuantile(0.5), "G3"),
                    Number(text.DivergenceQuantile(0.99), "G3"),
                    Number(text.SameTop.Value, "P1")
                )
            );
        return markup.Add($"</tbody></table></div><div class=\"charts\">").Add(Spread(texts)).Add($"</div></section>");
    }

    private static HtmlMarkup Tasks(IReadOnlyList<TaskComparison> tasks)
    {
        var markup = new HtmlMarkup().Line($"<section><h2>Tasks</h2>").Add(Meaning());
        markup.Add(Head("Shares of items with the right choice.", TaskColumns));
        foreach (var task in tasks)
            markup.Add(
                Row(
                    task.First.Task,
                    Number(task.First.Items.Count, "N0"),
                    WithError(task.First.Accuracy, "F3"),
                    WithError(task.Second.Accuracy, "F3"),
                    WithError(task.Accuracy, "+0.000;−0.000;0.000"),
                    task.NormalizedAccuracy is { } normalized ? WithError(normalized, "+0.000;−0.000;0.000") : "",
                    $"{task.Gained}, {task.Lost}"
                )
            );
        return markup.Add($"</tbody></table></div></section>");
    }

    private static HtmlMarkup Spread(IReadOnlyList<TextComparison> texts)
    {
        double[] shares = [.. Enumerable.Range(0, 100).Select(i => i / 100.0), 0.995, 0.999, 1];
        double At(TextComparison text, double share) => Math.Log(Math.Max(text.DivergenceQuantile(share), SmallestShown));
        double low = texts.Min(text => At(text, 0)),
            high = Math.Max(texts.Max(text => At(text, 1)), low + 1);
        var chart = new LineChart(
            "KL divergence over the tokens",
            "The table above has the numbers.",
            "share of the tokens at or below",
            "KL in nats, log axis"
        )
        {
            XRange = (0, 1),
            YRange = (low, high),
            XTicks = [.. LineChart.Ticks(0, 1, 5).Select(at => (at, at.ToString("0.#", CultureInfo.InvariantCulture)))],
            YTicks =
            [
                .. LineChart
                    .LogTicks(Math.Exp(low), Math.Exp(high), 0.12)
                    .Select(value => (Math.Log(value), value.ToString("G2", CultureInfo.InvariantCulture))),
            ],
        };
        foreach (var text in texts)
            chart.Series.Add((text.Name, [.. shares.Select(share => new ChartPoint(share, At(text, share), 0, 0))]));
        return chart.Draw();
    }

    private static readonly string[] TextColumns =
    [
        "Text",
        "Tokens",
        "Perplexity of a",
        "Perplexity of b",
        "Difference of loss",
        "t",
        "KL, mean",
        "KL, median",
        "KL, 99 %",
        "Same top token",
    ];

    private static readonly string[] TaskColumns =
    [
        "Task",
        "Items",
        "acc of a",
        "acc of b",
        "Difference of acc",
        "Difference of acc_norm",
        "Gained, lost",
    ];

    private static HtmlMarkup Head(string caption, string[] columns)
    {
        var markup = new HtmlMarkup().Line($"<div class=\"scroll\"><table><caption>{caption}</caption><thead><tr>");
        foreach (var (i, column) in columns.Index())
            markup.Add($"<th scope=\"col\" class=\"{(i == 0 ? "" : "n")}\">{column}</th>");
        return markup.Add($"</tr></thead><tbody>");
    }

    private static HtmlMarkup Row(string name, params ReadOnlySpan<string> cells)
    {
        var markup = new HtmlMarkup().Line($"<tr><th scope=\"row\">{name}</th>");
        foreach (string cell in cells)
            markup.Add($"<td>{cell}</td>");
        return markup.Add($"</tr>");
    }

    private static string WithError(Mean mean, string format) =>
        Number(mean.Value, format) + (mean.Error is { } error ? $" ± {Number(error, "G2")}" : "");

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
