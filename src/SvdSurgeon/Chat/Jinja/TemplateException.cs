namespace SvdSurgeon.Chat.Jinja;

/// <summary>A template cannot be read, or fails while it is rendered; without the file's name, which the caller knows.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="byTemplate">The template itself refuses its input, by <c>raise_exception</c>.</param>
internal sealed class TemplateException(string message, bool byTemplate = false) : Exception(message)
{
    /// <summary>The template itself refuses its input, by <c>raise_exception</c>.</summary>
    public bool ByTemplate { get; } = byTemplate;
}
