namespace SvdSurgeon.Evaluation.Tasks.Layouts;

/// <summary>Any other set: a context as it stands, choices, and the number of the right one from 0.</summary>
internal sealed class GenericLayout : ITaskLayout
{
    public string Name => "generic";
    public IReadOnlyList<string> Fields => ["context", "choices", "answer"];
    public TaskMetrics Metrics => TaskMetrics.NormalizedAccuracy;

    public TaskQuestion Read(TaskRow row)
    {
        var choices = row.Texts("choices");
        return new TaskQuestion
        {
            Contexts = [row.Text("context")],
            Choices = choices,
            Gold = row.Answer("answer", choices.Count),
        };
    }
}
