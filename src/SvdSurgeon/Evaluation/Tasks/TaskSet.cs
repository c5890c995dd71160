using System.Security.Cryptography;
using System.Text;

namespace SvdSurgeon.Evaluation.Tasks;

/// <summary>A task with its items and the worked examples (shots) that every prompt begins with. All items are read and checked when it
/// is made.</summary>
internal sealed class TaskSet
{
    private const string BetweenShots = "\n\n";

    private readonly ITaskLayout _layout;
    private readonly IReadOnlyList<TaskQuestion> _questions;
    private readonly string _shots;

    private TaskSet(ITaskLayout layout, IReadOnlyList<TaskQuestion> questions, string shots) =>
        (_layout, _questions, _shots) = (layout, questions, shots);

    /// <summary>The task's name.</summary>
    public string Name => _layout.Name;

    /// <summary>What it is judged by.</summary>
    public TaskMetrics Metrics => _layout.Metrics;

    /// <summary>How many items.</summary>
    public int Count => _questions.Count;

    /// <summary>The items.</summary>
    public IReadOnlyList<TaskQuestion> Questions => _questions;

    /// <summary>Reads and checks a task's items.</summary>
    /// <param name="layout">How they are laid out.</param>
    /// <param name="rows">The items.</param>
    /// <param name="limit">The first items only; null for all.</param>
    /// <param name="examples">Items with answers for the prompts, in the same layout; empty for none.</param>
    /// <exception cref="InvalidInputException">An item is not in the layout, or an example has no right answer.</exception>
    public static TaskSet Read(ITaskLayout layout, IReadOnlyList<TaskRow> rows, int? limit, IReadOnlyList<TaskRow> examples) =>
        new(
            layout,
            [.. rows.Take(limit ?? int.MaxValue).Select(layout.Read)],
            string.Concat(examples.Select(example => Shot(layout, example)))
        );

    /// <summary>The two texts that are scored for a choice: what stands before it, and the choice with its delimiter.</summary>
    public (string Context, string Continuation) Texts(int item, int choice)
    {
        var question = _questions[item];
        return (question.Description + _shots + question.ContextOf(choice), question.Delimiter + question.Choices[choice]);
    }

    /// <summary>SHA-256 of all that is scored and of the right answers, in hexadecimal.</summary>
    public string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int item = 0; item < Count; item++)
        {
            for (int choice = 0; choice < _questions[item].Choices.Count; choice++)
            {
                var (context, continuation) = Texts(item, choice);
                hash.AppendData(Encoding.UTF8.GetBytes($"{context.Length} {continuation.Length} {context}{continuation}"));
            }
            hash.AppendData(Encoding.UTF8.GetBytes($"{Name} {_questions[item].Gold}\n"));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Shot(ITaskLayout layout, TaskRow row)
    {
        var question = layout.Read(row);
        if (question.Gold >= question.Choices.Count)
            throw row.Error("an example needs its right answer among the choices");
        return $"{question.ContextOf(question.Gold)} {question.Choices[question.Gold]}{BetweenShots}";
    }
}
