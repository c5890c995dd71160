namespace SvdSurgeon.Chat.Jinja.Parsing;

/// <summary>A token of a template.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text; of a string literal its value.</param>
/// <param name="Line">Line that it begins in, from 1.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int Line)
{
    /// <summary>Whether this is the operator or the word <paramref name="text"/>.</summary>
    public bool Is(string text) => Kind is TokenKind.Operator or TokenKind.Name && Text == text;
}
