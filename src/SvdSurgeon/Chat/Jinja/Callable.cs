namespace SvdSurgeon.Chat.Jinja;

/// <summary>Something that a template may call: a function, a method bound to its value, a macro.</summary>
internal delegate object? Callable(Arguments arguments);
