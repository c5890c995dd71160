namespace SvdSurgeon.Chat.Jinja;

/// <summary>Where rendering goes on after a statement.</summary>
internal enum Flow
{
    /// <summary>With the next statement.</summary>
    Next,

    /// <summary>With the next pass of the loop.</summary>
    Continue,

    /// <summary>After the loop.</summary>
    Break,
}
