namespace SvdSurgeon.Evaluation.Tasks;

/// <summary>One item of a task as its layout reads it: what the model sees, what it can answer, and what is right.</summary>
internal sealed record TaskQuestion
{
    /// <summary>What stands before everything, examples included.</summary>
    public string Description { get; init; } = "";

    /// <summary>The text before the answer: one for all choices, or one per choice.</summary>
    public required IReadOnlyList<string> Contexts { get; init; }

    /// <summary>The answers. Where each choice has a context of its own they are equal.</summary>
    public required IReadOnlyList<string> Choices { get; init; }

    /// <summary>Number of the right choice, from 0. One beyond the choices is never met (mathqa).</summary>
    public required int Gold { get; init; }

    /// <summary>What stands between context and choice when it is scored.</summary>
    public string Delimiter { get; init; } = " ";

    /// <summary>The context of a choice, without description and examples.</summary>
    public string ContextOf(int choice) => Contexts.Count == 1 ? Contexts[0] : Contexts[choice];
}
