namespace SvdSurgeon.Evaluation.Tasks.Layouts;

/// <summary>MMLU (Hendrycks et al. 2021): four answers stand in the prompt, their letters are scored.</summary>
internal sealed class MmluLayout : ITaskLayout
{
    private static readonly string[] Letters = ["A", "B", "C", "D"];

    public string Name => "mmlu";
    public IReadOnlyList<string> Fields => ["question", "subject", "choices", "answer"];
    public TaskMetrics Metrics => TaskMetrics.Accuracy;

    public TaskQuestion Read(TaskRow row)
    {
        var choices = row.Texts("choices");
        if (choices.Count != Letters.Length)
            throw row.Error($"'choices' has {choices.Count} entries, mmlu has {Letters.Length}");
        string subject = row.Text("subject").Replace('_', ' ');
        string listed = string.Concat(Letters.Zip(choices, (letter, choice) => $"{letter}. {choice}\n"));
        return new TaskQuestion
        {
            Description = $"The following are multiple choice questions (with answers) about {subject}.\n\n",
            Contexts = [$"{PythonText.Trim(row.Text("question"))}\n{listed}Answer:"],
            Choices = Letters,
            Gold = row.Answer("answer", Letters.Length),
        };
    }
}
