namespace SvdSurgeon.Chat.Jinja;

/// <summary>What stands behind <c>is</c>.</summary>
internal delegate bool Test(object? value, Arguments arguments);
