namespace SvdSurgeon.Evaluation.Tasks.Layouts;

/// <summary>BoolQ (Clark et al. 2019): yes or no to a passage. The answer is a label (SuperGLUE's files) or true and false (the
/// original's).</summary>
internal sealed class BoolQLayout : ITaskLayout
{
    private static readonly string[] Answers = ["no", "yes"];

    public string Name => "boolq";
    public IReadOnlyList<string> Fields => ["passage", "question"];
    public TaskMetrics Metrics => TaskMetrics.Accuracy;

    public TaskQuestion Read(TaskRow row) =>
        new()
        {
            Contexts = [$"{row.Text("passage")}\nQuestion: {row.Text("question")}?\nAnswer:"],
            Choices = Answers,
            Gold =
                row.Has("label") || !row.Has("answer") ? row.Answer("label", 2)
                : row.Flag("answer") ? 1
                : 0,
        };
}
