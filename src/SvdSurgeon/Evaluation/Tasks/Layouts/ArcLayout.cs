namespace SvdSurgeon.Evaluation.Tasks.Layouts;

/// <summary>ARC, easy and challenge (Clark et al. 2018): school science. The answer names a choice by its label, a letter or a
/// digit.</summary>
internal sealed class ArcLayout(string name) : ITaskLayout
{
    public string Name => name;
    public IReadOnlyList<string> Fields => ["question", "choices", "answerKey"];
    public TaskMetrics Metrics => TaskMetrics.NormalizedAccuracy;

    public TaskQuestion Read(TaskRow row) =>
        new()
        {
            Contexts = [$"Question: {row.Text("question")}\nAnswer:"],
            Choices = row.Texts("choices", "text"),
            Gold = row.Answer("answerKey", row.Text("answerKey"), row.Texts("choices", "label")),
        };
}
