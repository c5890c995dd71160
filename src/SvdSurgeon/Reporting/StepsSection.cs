using System.Globalization;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Pipeline.Results;
using static SvdSurgeon.Reporting.Marks;

namespace SvdSurgeon.Reporting;

/// <summary>The waterfall of auto: what each step gave on held-out calibration sequences, from plain SVD to the result.</summary>
internal static class StepsSection
{
    private const double Width = 240,
        Height = 18;

    public static HtmlMarkup Draw(List<ResultData> results)
    {
        var markup = new HtmlMarkup().Line(
            $"<section><h2>What each step of auto gave</h2><p class=\"note\">Loss on calibration sequences that no statistic has seen; a "
                + $"step is kept only if it improves it by more than its error. Filled bars: kept steps, from the best before to the new "
                + $"best. Outlined, dashed bars: tried and left out.</p>"
        );
        foreach (var result in results.Where(r => r.Steps.Count > 0))
            markup.Add(Waterfall(result));
        return markup.Add($"</section>");
    }

    private static HtmlMarkup Waterfall(ResultData result)
    {
        List<double> finite = [.. result.Steps.Select(s => s.HeldOutLoss).Where(double.IsFinite)];
        if (finite.Count == 0)
            return new HtmlMarkup();
        double low = finite.Min(),
            high = Math.Max(finite.Where(loss => loss < low + 3).Max(), low + 1e-3),
            margin = (high - low) * 0.03;
        double X(double loss) => 2 + Math.Clamp((loss - low + margin) / (high - low + 2 * margin), 0, 1) * (Width - 4);
        var markup = new HtmlMarkup().Line(
            $"<div class=\"scroll\"><table class=\"waterfall\"><caption>kept {result.Ratio:P0}: "
                + $"{MethodWords.Sentence(result.Chosen)}</caption><thead><tr><th scope=\"col\">Step</th><th scope=\"col\" "
                + $"class=\"n\">Perplexity</th><th scope=\"col\" class=\"n\">Change of loss</th><th scope=\"col\">Held-out loss, "
                + $"{low:G4} to "
                + $"{high:G4}</th></tr></thead><tbody>"
        );
        double before = double.NaN;
        foreach (var step in result.Steps)
        {
            bool shown = double.IsFinite(step.HeldOutLoss);
            double from = double.IsNaN(before) ? high + margin : before;
            string loss = shown ? Ppl(step.HeldOutLoss) : "not finite";
            markup.Line(
                $"<tr class=\"{(step.Kept ? "taken" : "left")}\"><th "
                    + $"scope=\"row\">{step.Name}{(step.Kept ? "" : " (left out)")}</th><td>{loss}</td>"
            );
            markup.Add(
                $"<td>{Change(step)}</td><td><svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"loss "
                    + $"{(shown ? step.HeldOutLoss : double.NaN):G5}, {(step.Kept ? "kept" : "left out")}\">"
            );
            if (shown)
            {
                double a = X(from),
                    b = X(step.HeldOutLoss);
                if (!double.IsNaN(before))
                    markup.Add($"<path class=\"grid\" d=\"M{At(X(before))} 0V{At(Height)}\"/>");
                markup.Add(
                    $"<path class=\"{(step.Kept ? "bar" : "rejected")}\" d=\"M{At(Math.Min(a, b))} "
                        + $"4h{At(Math.Max(Math.Abs(a - b), 1))}v{At(Height - 8)}h{At(-Math.Max(Math.Abs(a - b), 1))}z\"/>"
                );
            }
            markup.Add($"</svg></td></tr>");
            if (step.Kept && shown)
                before = step.HeldOutLoss;
        }
        return markup.Add($"</tbody></table></div>");
    }

    private static string Ppl(double loss) => PerplexityText.Of(loss);

    private static string Change(AutoStep step)
    {
        if (step.Change is not { } change)
            return "";
        // Rounded first: a change too small to show has no sign.
        double shown = Math.Round(change, 4);
        string error = step.ChangeError is { } e ? $" ± {e.ToString("0.0000", CultureInfo.InvariantCulture)}" : "";
        return shown.ToString("+0.0000;−0.0000;0.0000", CultureInfo.InvariantCulture) + error;
    }
}
