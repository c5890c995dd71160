namespace SvdSurgeon.Reporting;

/// <summary>What the runs took, and the recipes that repeat them.</summary>
internal static class TimesSection
{
    private const double PerMebibyte = 1 << 20;

    public static HtmlMarkup Draw(IReadOnlyList<RunData> runs)
    {
        var markup = new HtmlMarkup().Line($"<section><h2>Times, memory, recipes</h2>");
        foreach (var run in runs)
        {
            foreach (var (number, entry) in run.Times.Index())
                markup.Add(Run(run.Name, number + 1, entry));
            if (run.Recipe.Length > 0)
                markup.Line(
                    $"<details><summary>Recipe of {run.Name}</summary><p class=\"note\">Save it as recipe.json; <code>svdsurgeon run "
                        + $"recipe.json</code> repeats the run to the same bytes.</p><pre>{run.Recipe}</pre></details>"
                );
        }
        return markup.Add($"</section></main>");
    }

    private static HtmlMarkup Run(string name, int number, RunTimes run)
    {
        double total = run.Stages.Sum(s => s.Seconds),
            longest = Math.Max(run.Stages.Select(s => s.Seconds).DefaultIfEmpty(0).Max(), 1e-9);
        var markup = new HtmlMarkup();
        foreach (string warning in run.Warnings)
            markup.Line($"<p class=\"warning\">{name}, run {number}: {warning}</p>");
        markup.Line(
            $"<details><summary>{name}, run {number}: {total:F1} s, peak {Peak(run.PeakMiB)}</summary><div "
                + $"class=\"scroll\"><table><caption>Stages of the run in their order</caption><thead><tr><th scope=\"col\">Stage</th><th "
                + $"scope=\"col\" class=\"n\">Seconds</th><th scope=\"col\" class=\"n\">Peak memory</th><th "
                + $"scope=\"col\">Share</th></tr></thead><tbody>"
        );
        foreach (var stage in run.Stages)
            markup.Line(
                $"<tr><th scope=\"row\">{stage.Name}{(stage.Reused ? " (reused)" : "")}</th>"
                    + $"<td>{stage.Seconds:F1}</td><td>{Peak(stage.PeakMiB)}</td><td><svg viewBox=\"0 0 120 12\" aria-hidden=\"true\">"
                    + $"<path class=\"bar\" d=\"M0 2h{Marks.At(120 * stage.Seconds / longest)}v8H0z\"/></svg></td></tr>"
            );
        return markup.Add($"</tbody></table></div></details>");
    }

    private static string Peak(double mebibytes) => OverviewSection.Size((long)(mebibytes * PerMebibyte));
}
