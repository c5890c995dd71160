namespace SvdSurgeon.Chat.Jinja;

/// <summary>What stands behind <c>|</c>.</summary>
internal delegate object? Filter(object? value, Arguments arguments);
