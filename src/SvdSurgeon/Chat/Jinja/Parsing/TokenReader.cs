namespace SvdSurgeon.Chat.Jinja.Parsing;

/// <summary>The tokens of a template, read one after the other.</summary>
internal sealed class TokenReader(List<Token> tokens)
{
    private const int MostDepth = 100;
    private int _at;
    private int _depth;

    /// <summary>The token that is next.</summary>
    public Token Next => tokens[_at];

    /// <summary>The token after that.</summary>
    public Token AfterNext => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    /// <summary>Takes the next token.</summary>
    public Token Take() => tokens[_at < tokens.Count - 1 ? _at++ : _at];

    /// <summary>Takes the next token where it is this operator or word.</summary>
    public bool TryTake(string text)
    {
        if (!Next.Is(text))
            return false;
        Take();
        return true;
    }

    /// <summary>Takes the next token, which has to be this operator or word.</summary>
    /// <exception cref="TemplateException">It is another.</exception>
    public void Expect(string text)
    {
        if (!TryTake(text))
            throw Unexpected($"'{text}'");
    }

    /// <summary>Takes the next token, which has to be of this kind.</summary>
    /// <exception cref="TemplateException">It is of another.</exception>
    public Token Expect(TokenKind kind, string what) => Next.Kind == kind ? Take() : throw Unexpected(what);

    /// <summary>Reads something that may hold more of its kind.</summary>
    /// <exception cref="TemplateException">It is nested too deep.</exception>
    public T Nested<T>(Func<T> read)
    {
        if (++_depth > MostDepth)
            throw new TemplateException($"line {Next.Line}: it is nested more than {MostDepth} deep");
        T result = read();
        _depth--;
        return result;
    }

    /// <summary>The sentence for a token that does not belong here.</summary>
    public TemplateException Unexpected(string expected)
    {
        string found = Next.Kind switch
        {
            TokenKind.End => "the end",
            TokenKind.BlockEnd => "'%}'",
            TokenKind.PrintEnd => "'}}'",
            _ => $"'{Next.Text}'",
        };
        return new TemplateException($"line {Next.Line}: {expected} is expected, not {found}");
    }
}
