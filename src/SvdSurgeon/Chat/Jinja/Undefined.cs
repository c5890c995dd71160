namespace SvdSurgeon.Chat.Jinja;

/// <summary>The value of a name or an attribute that does not exist: false, empty, and an error where more is asked of it.</summary>
/// <param name="what">What was looked for, for messages.</param>
internal sealed class Undefined(string what)
{
    /// <summary>The sentence for its use.</summary>
    public TemplateException Error() => new($"{what} is undefined");
}
