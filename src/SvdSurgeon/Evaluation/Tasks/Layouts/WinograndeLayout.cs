namespace SvdSurgeon.Evaluation.Tasks.Layouts;

/// <summary>WinoGrande (Sakaguchi et al. 2019), scored partially: each option stands in the gap, and what follows the gap is
/// scored.</summary>
internal sealed class WinograndeLayout : ITaskLayout
{
    public string Name => "winogrande";
    public IReadOnlyList<string> Fields => ["sentence", "option1", "option2", "answer"];
    public TaskMetrics Metrics => TaskMetrics.Accuracy;

    public TaskQuestion Read(TaskRow row)
    {
        string sentence = row.Text("sentence");
        int gap = sentence.IndexOf('_', StringComparison.Ordinal);
        if (gap < 0)
            throw row.Error("'sentence' has no gap, written _");
        string rest = PythonText.Trim(sentence[(gap + 1)..]);
        return new TaskQuestion
        {
            Contexts = [sentence[..gap] + row.Text("option1"), sentence[..gap] + row.Text("option2")],
            Choices = [rest, rest],
            Gold = row.Answer("answer", 2, first: 1),
        };
    }
}
