namespace SvdSurgeon.Tokenization;

/// <summary>A token that is recognised in the text as a whole, before the text is cut into words.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text.</param>
/// <param name="Special">It is no text of its own and can be left out when decoding.</param>
internal sealed record AddedToken(int Id, string Content, bool Special)
{
    /// <summary>Whitespace before it belongs to it.</summary>
    public bool StripLeft { get; init; }

    /// <summary>Whitespace after it belongs to it.</summary>
    public bool StripRight { get; init; }

    /// <summary>It is only recognised where no letter, digit or underscore touches it.</summary>
    public bool SingleWord { get; init; }

    /// <summary>It is looked for in the normalized text, and is itself normalized.</summary>
    public bool Normalized { get; init; }
}
