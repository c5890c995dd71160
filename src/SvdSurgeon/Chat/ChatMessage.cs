namespace SvdSurgeon.Chat;

/// <summary>A message of a conversation.</summary>
/// <param name="Role">"system", "user" or "assistant".</param>
/// <param name="Content">Its text.</param>
internal sealed record ChatMessage(string Role, string Content)
{
    /// <summary>The role of instructions that stand before a conversation.</summary>
    public const string System = "system";

    /// <summary>The role of the person.</summary>
    public const string User = "user";

    /// <summary>The role of the model.</summary>
    public const string Assistant = "assistant";
}
