namespace SvdSurgeon.Evaluation.Tasks.Layouts;

/// <summary>PIQA (Bisk et al. 2020): which of two ways reaches the goal.</summary>
internal sealed class PiqaLayout : ITaskLayout
{
    public string Name => "piqa";
    public IReadOnlyList<string> Fields => ["goal", "sol1", "sol2", "label"];
    public TaskMetrics Metrics => TaskMetrics.NormalizedAccuracy;

    public TaskQuestion Read(TaskRow row) =>
        new()
        {
            Contexts = [$"Question: {row.Text("goal")}\nAnswer:"],
            Choices = [row.Text("sol1"), row.Text("sol2")],
            Gold = row.Answer("label", 2),
        };
}
