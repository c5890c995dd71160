using SvdSurgeon.Export;
using SvdSurgeon.Pipeline.Ranks;

namespace SvdSurgeon.Reporting;

/// <summary>Where each result runs, and the one command for it.</summary>
internal static class WaysOutSection
{
    public static HtmlMarkup Draw(List<ResultData> results)
    {
        var markup = new HtmlMarkup().Line(
            $"<section><h2>Where they run</h2><div class=\"scroll\"><table><caption>Commands as given beside the output folder.</caption>"
                + $"<thead><tr><th scope=\"col\">Folder</th><th scope=\"col\">Program</th>"
                + $"<th scope=\"col\">Command</th></tr></thead><tbody>"
        );
        foreach (var result in results)
        {
            string name = $"{result.Run}/ratio-{CompressionPlan.RatioText(result.Ratio)}";
            Row(markup, name, "svdsurgeon", $"svdsurgeon generate {name} --prompt \"Once upon a time\"");
            foreach (var (program, command) in Others(result.Folder))
                Row(markup, name, program, command.Replace(result.Folder, name, StringComparison.Ordinal));
        }
        return markup.Add($"</tbody></table></div></section>");
    }

    private static IReadOnlyList<(string RunsIn, string Command)> Others(string folder)
    {
        try
        {
            return Exporter.WaysOut(folder);
        }
        catch (InvalidModelException)
        {
            // The report outlives the weights: what was measured stays readable where they were moved or deleted.
            return [];
        }
    }

    private static void Row(HtmlMarkup markup, string folder, string program, string command) =>
        markup.Line(
            $"<tr><th scope=\"row\">{folder}</th><td class=\"text\">{program}</td><td class=\"text\"><code>{command}</code></td></tr>"
        );
}
