namespace SvdSurgeon.Chat.Jinja.Parsing;

/// <summary>What a token of a template is.</summary>
internal enum TokenKind
{
    /// <summary>Text between tags, as it is printed.</summary>
    Text,

    /// <summary><c>{%</c>.</summary>
    BlockBegin,

    /// <summary><c>%}</c>.</summary>
    BlockEnd,

    /// <summary><c>{{</c>.</summary>
    PrintBegin,

    /// <summary><c>}}</c>.</summary>
    PrintEnd,

    /// <summary>A name or a word of the language.</summary>
    Name,

    /// <summary>A string literal, escapes resolved.</summary>
    String,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number with a point or exponent.</summary>
    Float,

    /// <summary>Punctuation.</summary>
    Operator,

    /// <summary>The end of the template.</summary>
    End,
}
