namespace SvdSurgeon.Evaluation.Tasks.Layouts;

/// <summary>OpenBookQA (Mihaylov et al. 2018): an open sentence and its ends.</summary>
internal sealed class OpenBookQaLayout : ITaskLayout
{
    public string Name => "openbookqa";
    public IReadOnlyList<string> Fields => ["question_stem", "choices", "answerKey"];
    public TaskMetrics Metrics => TaskMetrics.NormalizedAccuracy;

    public TaskQuestion Read(TaskRow row) =>
        new()
        {
            Contexts = [row.Text("question_stem")],
            Choices = row.Texts("choices", "text"),
            Gold = row.Answer("answerKey", PythonText.TrimStart(row.Text("answerKey")), row.Texts("choices", "label")),
        };
}
