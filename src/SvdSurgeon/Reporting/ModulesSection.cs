using System.Globalization;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Pipeline.Ranks;

namespace SvdSurgeon.Reporting;

/// <summary>Every result's modules: how rank is spread over the layers, a table to sort, and the spectra.</summary>
internal static class ModulesSection
{
    public static HtmlMarkup Draw(List<ResultData> results, IReadOnlyDictionary<ResultData, string> labels)
    {
        var markup = new HtmlMarkup().Line($"<section><h2>Modules</h2>");
        // The smallest of the best method is where most happened: it is open.
        var open = results.OrderBy(r => r.Compressed is null).ThenBy(r => r.Ratio).ThenBy(r => r.Compressed?.MeanNll ?? 0).First();
        foreach (var result in results.Where(r => r.Modules.Count > 0))
        {
            var state = result == open ? new HtmlMarkup().Add($" open=\"open\"") : new HtmlMarkup();
            string perplexity = result.Compressed is { } c ? $" — perplexity {PerplexityText.Of(c.MeanNll)}" : "";
            markup.Line($"<details{state}><summary><strong>{labels[result]}, kept {result.Ratio:0.###}</strong>{perplexity}</summary>");
            markup.Add(
                $"<p>{MethodWords.Sentence(result.Chosen)} {result.Modules.Count(m => m.Rank is null)} of {result.Modules.Count} modules "
                    + $"stay dense.</p>"
            );
            markup.Add($"<div class=\"charts\">{RankChart(result)}{ErrorChart(result)}</div>");
            markup.Add(Table(result)).Add(Spectra(result)).Add($"</details>");
        }
        return markup.Add($"</section>");
    }

    private static HtmlMarkup RankChart(ResultData result) =>
        OverLayers(
            result,
            "Rank over layers",
            "rank as a share of the full rank; 1 is full rank or dense",
            "share of full rank",
            m => m.Rank is { } r ? (double)r / Math.Min(m.Rows, m.Columns) : 1,
            1
        );

    private static HtmlMarkup ErrorChart(ResultData result)
    {
        bool outputs = result.Modules.Any(m => m.OutputError is not null);
        double Error(ModuleRow m) => (outputs ? m.OutputError : m.WeightError) ?? 0;
        return OverLayers(
            result,
            outputs ? "Output error over layers" : "Weight error over layers",
            outputs ? "‖(W − W')X‖ / ‖WX‖ of each module on its own" : "‖W − W'‖ / ‖W‖",
            "relative error",
            Error,
            Math.Max(result.Modules.Max(Error) * 1.05, 0.01)
        );
    }

    private static HtmlMarkup OverLayers(
        ResultData result,
        string title,
        string description,
        string label,
        Func<ModuleRow, double> value,
        double top
    )
    {
        int layers = result.Modules.Max(m => m.Layer) + 1;
        var chart = new LineChart(title, description, "layer", label)
        {
            XRange = (-0.3, layers - 0.7),
            YRange = (0, top),
            XTicks =
            [
                .. LineChart
                    .Ticks(0, Math.Max(layers - 1, 1), Math.Min(layers, 8))
                    .Where(at => at == Math.Floor(at))
                    .Select(at => (at, ((int)at + 1).ToString(CultureInfo.InvariantCulture))),
            ],
            YTicks = [.. LineChart.Ticks(0, top, 4).Select(at => (at, at.ToString("0.###", CultureInfo.InvariantCulture)))],
        };
        foreach (var role in result.Modules.GroupBy(m => m.Role))
            chart.Series.Add((role.Key, [.. role.Select(m => new ChartPoint(m.Layer, value(m), 0, 0))]));
        return chart.Draw();
    }

    private static HtmlMarkup Table(ResultData result)
    {
        bool columns = result.Modules.Any(m => m.KeptColumns > 0),
            outputs = result.Modules.Any(m => m.OutputError is not null);
        bool before = result.Modules.Any(m => m.WeightErrorBefore is not null);
        string error = outputs ? "Output error" : "Weight error";
        string meaning = outputs ? "Output error: ‖(W − W')X‖ / ‖WX‖ over the calibration inputs" : "Weight error: ‖W − W'‖ / ‖W‖";
        string truncated = before ? "; “truncated” is without the surgeon, at the same rank" : "";
        var markup = new HtmlMarkup().Line(
            $"<div class=\"scroll\"><table class=\"sortable\"><caption>Modules of "
                + $"{result.Run}/ratio-{CompressionPlan.RatioText(result.Ratio)}. "
                + $"{meaning}{truncated}.</caption><thead><tr>"
        );
        markup
            .Add(ReportStyle.Header("Module", false))
            .Add(ReportStyle.Header("Layer", true))
            .Add(ReportStyle.Header("Shape", true))
            .Add(ReportStyle.Header("Form", false))
            .Add(ReportStyle.Header("Rank", true));
        if (columns)
            markup.Add(ReportStyle.Header("Columns", true));
        markup.Add(ReportStyle.Header("Kept", true));
        if (before)
            markup.Add(ReportStyle.Header($"{error}, truncated", true));
        markup.Add(ReportStyle.Header(error, true)).Add($"</tr></thead><tbody>");
        foreach (var m in result.Modules)
        {
            markup.Line(
                $"<tr><th scope=\"row\">{HtmlMarkup.Name(m.Name)}</th><td>{m.Layer + 1}</td><td data-v=\"{m.Before}\">{m.Rows} × "
                    + $"{m.Columns}</td><td class=\"text\">{m.Form}</td>"
            );
            string rank = m.Rank is { } r ? r.ToString(CultureInfo.InvariantCulture) : "full";
            markup.Add($"<td data-v=\"{m.Rank ?? Math.Min(m.Rows, m.Columns)}\">{rank}</td>");
            if (columns)
                markup.Add($"<td>{m.KeptColumns}</td>");
            markup.Add($"<td data-v=\"{(double)m.After / m.Before}\">{(double)m.After / m.Before:F3}</td>");
            if (before)
                markup.Add(Cell(outputs ? m.OutputErrorBefore : m.WeightErrorBefore));
            markup
                .Add(
                    Cell(
                        m.Rank is null ? 0
                        : outputs ? m.OutputError
                        : m.WeightError
                    )
                )
                .Add($"</tr>");
        }
        return markup.Add($"</tbody></table></div>");
    }

    private static HtmlMarkup Cell(double? value) =>
        value is { } v ? new HtmlMarkup().Add($"<td data-v=\"{v}\">{v:F4}</td>") : new HtmlMarkup().Add($"<td></td>");

    private static HtmlMarkup Spectra(ResultData result)
    {
        List<ModuleRow> shown = [.. result.Modules.Where(m => m.Spectrum.Length > 0 && m.Spectrum[0] > 0)];
        var markup = new HtmlMarkup();
        if (shown.Count == 0)
            return markup;
        markup.Line(
            $"<details{(shown.Count <= 40 ? new HtmlMarkup().Add($" open=\"open\"") : new HtmlMarkup())}><summary>Singular values of "
                + $"{shown.Count} modules</summary>"
        );
        markup.Add(
            $"<p class=\"note\">Logarithmic, in the scaling of the method. Solid line: kept; dashed: dropped; the upright line is the "
                + $"rank r."
        );
        if (shown.Any(m => m.Corrected is not null))
            markup.Add($" Circles: kept values after the surgeon.");
        if (shown.Any(m => m.Kept is not null))
            markup.Add($" Squares: chosen beyond the rank; crosses: passed over before it. The comb below is the saliency.");
        markup.Add($"</p><div class=\"spectra\">");
        foreach (var module in shown)
            markup.Add(SpectrumChart.Draw(module));
        return markup.Add($"</div></details>");
    }
}
