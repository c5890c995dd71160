namespace SvdSurgeon.Chat.Jinja;

/// <summary>A compiled expression.</summary>
internal delegate object? Expression(Scope scope);
