using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Reporting.Integers;

namespace SvdSurgeon.Reporting;

/// <summary>
/// One HTML file about the results of one or several output folders: what the model became, perplexity over size for every method, what
/// each step of auto gave, and every module with its spectrum. It needs no network and no script (a small one sorts tables), reads on a
/// phone, in print and without colour.
/// </summary>
internal static class HtmlReport
{
    /// <summary>The file's name in an output folder.</summary>
    public const string FileName = "report.html";

    /// <summary>Writes the report of results on disk.</summary>
    /// <param name="folders">Output folders, or folders of output folders, of one model.</param>
    /// <param name="file">Where it goes; null for <see cref="FileName"/> in the first folder.</param>
    /// <returns>The file.</returns>
    /// <exception cref="InvalidInputException">A folder holds no results, or they are of different models.</exception>
    public static string Write(IReadOnlyList<string> folders, string? file = null)
    {
        string target = file ?? Path.Combine(folders[0], FileName);
        AtomicFile.WriteAllText(target, Page(RunData.Read(folders)));
        return target;
    }

    private static string Page(IReadOnlyList<RunData> runs)
    {
        List<ResultData> results = [.. runs.SelectMany(run => run.Results)];
        var labels = Labels(results);
        string model = ModelName(runs, results);
        var page = new HtmlMarkup().Add(
            $"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width, "
                + $"initial-scale=1\"/>"
        );
        page.Add($"<title>{model}, compressed by SvdSurgeon</title><style>").Raw(ReportStyle.Css).Add($"</style></head>\n<body>");
        List<IntegerData> integers = [.. runs.SelectMany(run => run.Integers)];
        page.Add(results.Count > 0 ? OverviewSection.Draw(model, results, labels) : IntegersSection.Header(model, integers[0]));
        if (integers.Count > 0)
            page.Add(IntegersSection.Draw(integers, results));
        if (results.Any(r => r.Tasks.Count > 0))
            page.Add(TasksSection.Draw(results, labels));
        if (results.Any(r => r.Steps.Count > 0))
            page.Add(StepsSection.Draw(results));
        if (results.Count > 0)
            page.Add(WaysOutSection.Draw(results)).Add(ModulesSection.Draw(results, labels));
        page.Add(TimesSection.Draw(runs));
        page.Line(
                $"<footer>Written by svdsurgeon {Recipe.ProgramVersion} from metrics.json, config.json and runs.json of the output "
                    + $"folders.</footer><script>"
            )
            .Raw(ReportStyle.Script)
            .Add($"</script></body></html>\n");
        return page.ToString();
    }

    // A label a result; where two runs have the same, their folder tells them apart.
    private static Dictionary<ResultData, string> Labels(List<ResultData> results)
    {
        var labels = results.ToDictionary(result => result, result => MethodWords.Label(result.Options));
        foreach (
            var same in labels
                .GroupBy(label => (label.Value, label.Key.Ratio))
                .Where(group => group.Count() > 1)
                .Select(group => group.Key.Value)
                .Distinct()
                .ToList()
        )
        foreach (var result in results.Where(result => labels[result] == same))
            labels[result] = $"{same} ({result.Run})";
        return labels;
    }

    private static string ModelName(IReadOnlyList<RunData> runs, List<ResultData> results)
    {
        string path = runs.Select(run => run.ModelPath).FirstOrDefault(p => p is not null) ?? "";
        string name = Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(path.Replace('\\', '/')));
        return name.Length > 0 ? name
            : results.Count > 0 ? results[0].Architecture
            : runs[0].Integers[0].Architecture;
    }
}
