using System.Text.RegularExpressions;

namespace SvdSurgeon.Evaluation.Tasks.Layouts;

/// <summary>MathQA (Amini et al. 2019). The five options stand in one text, which the harness cuts by a pattern; what it misses is missed
/// here too.</summary>
internal sealed partial class MathQaLayout : ITaskLayout
{
    private static readonly string[] Letters = ["a", "b", "c", "d", "e"];

    public string Name => "mathqa";
    public IReadOnlyList<string> Fields => ["Problem", "options", "correct"];
    public TaskMetrics Metrics => TaskMetrics.NormalizedAccuracy;

    public TaskQuestion Read(TaskRow row)
    {
        List<string> choices = [.. Option().Matches(row.Text("options")).Select(match => match.Value[4..].TrimEnd(' ', ','))];
        return new TaskQuestion
        {
            Contexts = [$"Question: {row.Text("Problem")}\nAnswer:"],
            Choices = choices.Count > 0 ? choices : throw row.Error("'options' has no choice of the form 'a ) …, '"),
            // An option that the pattern misses leaves fewer choices: then the last letter is never met, as in the harness.
            Gold = row.Answer("correct", row.Text("correct"), Letters),
        };
    }

    [GeneratedRegex(@"[abcd] \) .*?, |e \) .*?$")]
    private static partial Regex Option();
}
