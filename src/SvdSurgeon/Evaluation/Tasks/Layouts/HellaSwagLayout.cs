using System.Text.RegularExpressions;

namespace SvdSurgeon.Evaluation.Tasks.Layouts;

/// <summary>HellaSwag (Zellers et al. 2019): which ending continues the scene.</summary>
internal sealed partial class HellaSwagLayout : ITaskLayout
{
    public string Name => "hellaswag";
    public IReadOnlyList<string> Fields => ["activity_label", "ctx_a", "ctx_b", "endings", "label"];
    public TaskMetrics Metrics => TaskMetrics.NormalizedAccuracy;

    public TaskQuestion Read(TaskRow row)
    {
        var endings = row.Texts("endings");
        return new TaskQuestion
        {
            Contexts = [Cleaned($"{row.Text("activity_label")}: {row.Text("ctx_a")} {PythonText.Capitalize(row.Text("ctx_b"))}")],
            Choices = [.. endings.Select(Cleaned)],
            Gold = row.Answer("label", endings.Count),
        };
    }

    // The WikiHow part has marks in brackets. They go after the strip, so what they leave at the edges stays.
    private static string Cleaned(string text) =>
        Mark()
            .Replace(PythonText.Trim(text).Replace(" [title]", ". ", StringComparison.Ordinal), "")
            .Replace("  ", " ", StringComparison.Ordinal);

    [GeneratedRegex(@"\[.*?\]")]
    private static partial Regex Mark();
}
