using System.Globalization;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Pipeline.Ranks;

namespace SvdSurgeon.Reporting;

/// <summary>The first screen: what the model became, every result in one table, and perplexity over the kept fraction.</summary>
internal static class OverviewSection
{
    private const string XLabel = "kept fraction of the linear modules";

    public static HtmlMarkup Draw(string model, List<ResultData> results, IReadOnlyDictionary<ResultData, string> labels)
    {
        var first = results[0];
        var best = results
            .Where(r => r.Compressed is not null)
            .GroupBy(r => r.Ratio)
            .OrderByDescending(group => group.Key)
            .Select(group => group.MinBy(r => r.Compressed!.MeanNll)!)
            .ToList();
        var markup = new HtmlMarkup().Line($"<header><h1>{model}</h1>");
        markup.Add(
            $"<p class=\"lead\">{first.Modules.Count} linear modules with {first.Before:N0} "
                + $"parameters{(first.BytesBefore > 0 ? $", {Size(first.BytesBefore)} on disk" : "")}"
        );
        if (first.Dense is { } dense)
            markup.Add($", perplexity {PerplexityText.WithError(dense.Ppl, dense.MeanNll, dense.LogSe)}");
        markup.Add($" before.</p>");
        if (best.Count > 0)
            markup.Add(Cards(best, labels));
        if (results.Where(r => r.EvaluationHash is not null).Select(r => r.EvaluationHash).Distinct().Count() > 1)
            markup.Add(
                $"<p class=\"warning\"><strong>Not all results were evaluated on the same tokens:</strong> compare perplexities only "
                    + $"within one folder.</p>"
            );
        markup.Add($"</header>\n<main>");
        // Where a perplexity is too large for a number there is no axis for it.
        if (
            results.Any(r => r.Excess is not null)
            && results.All(r => r.Excess is null || (double.IsFinite(r.Dense!.Ppl) && double.IsFinite(r.Compressed!.Ppl)))
        )
            markup.Add($"<section><h2>Perplexity over size</h2>{Charts(results, labels)}</section>");
        return markup.Add(Table(results, best, labels));
    }

    /// <summary>Bytes as people read them.</summary>
    public static string Size(long bytes) =>
        bytes switch
        {
            >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:F2} GB"),
            >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F2} MB"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:F1} kB"),
        };

    // The best result of every size.
    private static HtmlMarkup Cards(List<ResultData> best, IReadOnlyDictionary<ResultData, string> labels)
    {
        var markup = new HtmlMarkup().Add($"<ul class=\"cards\">");
        foreach (var r in best)
            markup.Line(
                $"<li><span class=\"kept\">kept {r.Ratio:P0}</span> <span "
                    + $"class=\"ppl\">{PerplexityText.Of(r.Compressed!.MeanNll, "G4")}</span> <span "
                    + $"class=\"error\">{PerplexityText.Error(r.Compressed.Ppl, r.Compressed.LogSe)}</span> <span "
                    + $"class=\"size\">{Size(r.BytesAfter)}</span> "
                    + $"<span class=\"method\">{labels[r]}</span></li>"
            );
        return markup.Add(
            $"</ul><p class=\"note\">Perplexity of the best result of each size; lower is better. “Kept” counts every stored number of "
                + $"the linear modules inside the decoder layers; embeddings, norms and head are as they were.</p>"
        );
    }

    private static HtmlMarkup Table(List<ResultData> results, List<ResultData> best, IReadOnlyDictionary<ResultData, string> labels)
    {
        var markup = new HtmlMarkup().Line(
            $"<section><h2>All results</h2><div class=\"scroll\"><table class=\"sortable\"><caption>What every method gave. Excess is "
                + $"ln(perplexity / dense perplexity); ★ is the best of its size.</caption><thead><tr>"
        );
        foreach (
            var (name, number) in (ReadOnlySpan<(string, bool)>)
                [
                    ("Method", false),
                    ("Kept", true),
                    ("Reached", true),
                    ("Parameters", true),
                    ("File", true),
                    ("Perplexity", true),
                    ("Excess", true),
                    ("Folder", false),
                ]
        )
            markup.Add(ReportStyle.Header(name, number));
        markup.Add($"</tr></thead><tbody>");
        foreach (var r in results)
        {
            markup.Line(
                $"<tr><th scope=\"row\">{labels[r]}{(best.Contains(r) ? " ★" : "")}</th><td data-v=\"{r.Ratio}\">{r.Ratio:0.###}</td><td "
                    + $"data-v=\"{r.Achieved}\">{r.Achieved:F4}</td><td data-v=\"{r.After}\">{r.After:N0}</td><td "
                    + $"data-v=\"{r.BytesAfter}\">{Size(r.BytesAfter)}</td>"
            );
            if (r.Compressed is { } c)
                markup.Add(
                    $"<td data-v=\"{c.Ppl}\">{PerplexityText.WithError(c.Ppl, c.MeanNll, c.LogSe)}</td><td "
                        + $"data-v=\"{r.Excess!.Value}\">{r.Excess.Value:F4}</td>"
                );
            else
                markup.Add($"<td>not evaluated</td><td></td>");
            markup.Add($"<td class=\"text\">{r.Run}/ratio-{CompressionPlan.RatioText(r.Ratio)}</td></tr>");
        }
        return markup.Add($"</tbody></table></div></section>");
    }

    private static HtmlMarkup Charts(List<ResultData> results, IReadOnlyDictionary<ResultData, string> labels)
    {
        List<ResultData> measured = [.. results.Where(r => r.Compressed is not null)];
        var series = measured.GroupBy(r => labels[r]).ToList();
        (double From, double To) x = (Math.Max(0, measured.Min(r => r.Ratio) - 0.05), Math.Min(1.05, measured.Max(r => r.Ratio) + 0.05));
        double dense = measured[0].Dense!.MeanNll,
            low = Math.Min(dense, measured.Min(r => r.Compressed!.MeanNll)),
            high = measured.Max(r => r.Compressed!.MeanNll);
        double margin = Math.Max((high - low) * 0.06, 0.01);
        // A method that ruins the model would press all others together: the axis ends at eight times the dense perplexity.
        (double From, double To) y = (low - margin, Math.Min(high + margin, dense + Math.Log(8)));
        var perplexity = new LineChart("Perplexity over the kept fraction", "The table below has the numbers.", XLabel, "perplexity (log)")
        {
            XRange = x,
            YRange = y,
            XTicks = XTicks(x),
            YTicks = YTicks(Math.Exp(y.From), Math.Exp(y.To)),
            Reference = (dense, "dense"),
        };
        foreach (var s in series)
            perplexity.Series.Add(
                (
                    s.Key,
                    [
                        .. s.OrderBy(r => r.Ratio)
                            .Select(r => new ChartPoint(
                                r.Ratio,
                                r.Compressed!.MeanNll,
                                r.Compressed.MeanNll - r.Compressed.LogSe,
                                r.Compressed.MeanNll + r.Compressed.LogSe
                            )),
                    ]
                )
            );
        var markup = new HtmlMarkup().Add($"<div class=\"charts\">").Add(perplexity.Draw()).Add(Excess(series, x)).Add($"</div>");
        int above = measured.Count(r => r.Compressed!.MeanNll > y.To);
        return above == 0
            ? markup
            : markup.Add(
                $"<p class=\"note\">{above} {(above == 1 ? "result lies" : "results lie")} above the perplexity axis and "
                    + $"{(above == 1 ? "is" : "are")} drawn at its end.</p>"
            );
    }

    // What is lost, on an axis that shows small losses as well as large ones.
    private static HtmlMarkup Excess(List<IGrouping<string, ResultData>> series, (double From, double To) x)
    {
        const double smallest = 1e-4;
        List<double> losses = [.. series.SelectMany(s => s).Select(r => Math.Max(r.Excess!.Value, smallest))];
        (double from, double to) = (losses.Min() / 1.5, losses.Max() * 1.5);
        var chart = new LineChart(
            "Excess over the dense model",
            "ln of perplexity over the dense model's, on a logarithmic axis. The table below has the numbers.",
            XLabel,
            "ln(perplexity / dense), log axis"
        )
        {
            XRange = x,
            YRange = (Math.Log(from), Math.Log(to)),
            XTicks = XTicks(x),
            YTicks = YTicks(from, to),
        };
        foreach (var s in series)
            chart.Series.Add(
                (
                    s.Key,
                    [.. s.OrderBy(r => r.Ratio).Select(r => new ChartPoint(r.Ratio, Math.Log(Math.Max(r.Excess!.Value, smallest)), 0, 0))]
                )
            );
        return chart.Draw();
    }

    private static IReadOnlyList<(double, string)> XTicks((double From, double To) x) =>
        [.. LineChart.Ticks(x.From, x.To, 5).Select(at => (at, at.ToString("0.##", CultureInfo.InvariantCulture)))];

    private static IReadOnlyList<(double, string)> YTicks(double from, double to) =>
        [.. LineChart.LogTicks(from, to, 0.07).Select(value => (Math.Log(value), value.ToString("G4", CultureInfo.InvariantCulture)))];
}
