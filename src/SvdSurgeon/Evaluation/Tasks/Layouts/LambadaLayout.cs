namespace SvdSurgeon.Evaluation.Tasks.Layouts;

/// <summary>LAMBADA (Paperno et al. 2016) in OpenAI's form: the last word of a passage.</summary>
internal sealed class LambadaLayout : ITaskLayout
{
    public string Name => "lambada_openai";
    public IReadOnlyList<string> Fields => ["text"];
    public TaskMetrics Metrics => TaskMetrics.LastWord;

    public TaskQuestion Read(TaskRow row)
    {
        string text = row.Text("text");
        int space = text.LastIndexOf(' ');
        // The space belongs to the word, and nothing else stands between.
        return new TaskQuestion
        {
            Contexts = [text[..Math.Max(space, 0)]],
            Choices = [" " + text[(space + 1)..]],
            Gold = 0,
            Delimiter = "",
        };
    }
}
