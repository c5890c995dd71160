namespace SvdSurgeon.Evaluation.Tasks;

/// <summary>How one task's files are laid out and how its prompts are made, as lm-evaluation-harness 0.4.13 makes them.</summary>
internal interface ITaskLayout
{
    /// <summary>The task's name, as the harness calls it.</summary>
    string Name { get; }

    /// <summary>Fields that every item has; a file without a name is recognised by them.</summary>
    IReadOnlyList<string> Fields { get; }

    /// <summary>What the task is judged by.</summary>
    TaskMetrics Metrics { get; }

    /// <summary>Reads one item.</summary>
    /// <exception cref="InvalidInputException">A field is missing or of another kind, or the answer is none of the choices.</exception>
    TaskQuestion Read(TaskRow row);
}
