using SvdSurgeon.Evaluation;

namespace SvdSurgeon.Reporting.Integers;

/// <summary>Models of integers: loss over the bytes of the file, controls and fewer ranks beside it, and every result in a table.</summary>
internal static class IntegersSection
{
    private const double Smallest = 1e-4;

    /// <summary>The first lines of a report that is about integers alone.</summary>
    public static HtmlMarkup Header(string model, IntegerData first)
    {
        var markup = new HtmlMarkup().Line(
            $"<header><h1>{model}</h1><p class=\"lead\">{first.ModuleBits.Count} linear modules in integers"
        );
        if (first.Dense is { } dense)
            markup.Add($", perplexity {PerplexityText.WithError(dense.Ppl, dense.MeanNll, dense.LogSe)} before");
        return markup.Add($".</p></header>\n<main>");
    }

    /// <summary>The section.</summary>
    /// <param name="integers">Models of integers.</param>
    /// <param name="ranks">Models of fewer ranks, to compare with.</param>
    public static HtmlMarkup Draw(List<IntegerData> integers, List<ResultData> ranks)
    {
        var markup = new HtmlMarkup().Line($"<section><h2>Integers: loss over the bytes of the file</h2>");
        if (integers.Where(r => r.EvaluationHash is not null).Select(r => r.EvaluationHash).Distinct().Count() > 1)
            markup.Add(
                $"<p class=\"warning\"><strong>Not all results were evaluated on the same tokens:</strong> compare perplexities only "
                    + $"within one folder.</p>"
            );
        if (integers.Any(r => r.Excess is { } excess && double.IsFinite(excess)))
            markup.Add($"<div class=\"charts\">{Chart(integers, ranks)}</div>");
        return markup.Add(Table(integers)).Add($"</section>");
    }

    private static HtmlMarkup Chart(List<IntegerData> integers, List<ResultData> ranks)
    {
        List<(string Label, double Bytes, double Excess)> points =
        [
            .. integers
                .Where(r => r.Excess is { } e && double.IsFinite(e))
                .OrderBy(r => r.IsControl)
                .Select(r => (r.Label, r.Bytes, r.Excess!.Value)),
            .. ranks
                .Where(r => r.Excess is { } e && double.IsFinite(e) && r.EvaluationHash == integers[0].EvaluationHash)
                .Select(r => (MethodWords.Label(r.Options), (double)r.BytesAfter, r.Excess!.Value)),
        ];
        double from = points.Min(p => p.Bytes),
            to = points.Max(p => p.Bytes),
            margin = Math.Max((to - from) * 0.05, from * 0.01);
        (double From, double To) x = (from - margin, to + margin);
        var losses = points.Select(p => Math.Max(p.Excess, Smallest)).ToList();
        (double From, double To) y = (losses.Min() / 1.5, losses.Max() * 1.5);
        var chart = new LineChart(
            "Excess over the dense model by bytes",
            "ln of perplexity over the dense model's, on a logarithmic axis. The table below has the numbers.",
            "bytes of the weight files",
            "ln(perplexity / dense), log axis"
        )
        {
            XRange = x,
            YRange = (Math.Log(y.From), Math.Log(y.To)),
            XTicks = [.. LineChart.Ticks(x.From, x.To, 4).Select(at => (at, OverviewSection.Size((long)at)))],
            YTicks = [.. LineChart.LogTicks(y.From, y.To, 0.12).Select(at => (Math.Log(at), FormattableString.Invariant($"{at:G2}")))],
        };
        foreach (var series in points.GroupBy(p => p.Label))
            chart.Series.Add(
                (
                    series.Key,
                    [.. series.OrderBy(p => p.Bytes).Select(p => new ChartPoint(p.Bytes, Math.Log(Math.Max(p.Excess, Smallest)), 0, 0))]
                )
            );
        return chart.Draw();
    }

    private static HtmlMarkup Table(List<IntegerData> integers)
    {
        var markup = new HtmlMarkup().Line(
            $"<div class=\"scroll\"><table class=\"sortable\"><caption>Bits per weight count everything that is stored for the linear "
                + $"modules. Held-out: what training changed on calibration sequences that nothing has seen.</caption><thead><tr>"
        );
        foreach (
            var (name, number) in (ReadOnlySpan<(string, bool)>)
                [
                    ("Rounding", false),
                    ("Bits per weight", true),
                    ("File", true),
                    ("Perplexity", true),
                    ("Excess", true),
                    ("Held-out", true),
                    ("Modules by bits", false),
                    ("Folder", false),
                ]
        )
            markup.Add(ReportStyle.Header(name, number));
        markup.Add($"</tr></thead><tbody>");
        foreach (var r in integers.OrderByDescending(r => r.Bytes))
        {
            markup.Line(
                $"<tr><th scope=\"row\">{r.Label}</th><td data-v=\"{r.Bits}\">{r.Bits:F3}</td>"
                    + $"<td data-v=\"{r.Bytes}\">{OverviewSection.Size(r.Bytes)}</td>"
            );
            if (r.Measured is { } measured)
                markup.Add(
                    $"<td data-v=\"{measured.Ppl}\">{PerplexityText.WithError(measured.Ppl, measured.MeanNll, measured.LogSe)}</td>"
                        + $"<td data-v=\"{r.Excess!.Value}\">{r.Excess.Value:F4}</td>"
                );
            else
                markup.Add($"<td>not evaluated</td><td></td>");
            string heldOut = r.Steps is [.., { Change: { } change }] ? FormattableString.Invariant($"{change:+0.0000;-0.0000}") : "";
            string bits = string.Join(" ", r.ModuleBits.GroupBy(m => m.Value).OrderBy(g => g.Key).Select(g => $"{g.Key}:{g.Count()}"));
            markup.Add($"<td>{heldOut}</td><td class=\"text\">{bits}</td><td class=\"text\">{r.Run}/{r.Name}</td></tr>");
        }
        return markup.Add($"</tbody></table></div>");
    }
}
