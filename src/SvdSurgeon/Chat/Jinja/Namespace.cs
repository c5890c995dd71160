namespace SvdSurgeon.Chat.Jinja;

/// <summary>
/// What <c>namespace()</c> makes: the one thing whose attributes a template may set, so that a value survives the loop it is found in.
/// </summary>
internal sealed class Namespace
{
    /// <summary>Attributes by name.</summary>
    public Dictionary<string, object?> Values { get; } = new(StringComparer.Ordinal);
}
