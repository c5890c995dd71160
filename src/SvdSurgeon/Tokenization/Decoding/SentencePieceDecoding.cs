namespace SvdSurgeon.Tokenization.Decoding;

/// <summary>How the pieces of a SentencePiece-style vocabulary become text.</summary>
internal sealed record SentencePieceDecoding
{
    /// <summary>Replacements made in every token, in order; mostly "▁" by " ".</summary>
    public required (string Pattern, string Content)[] Replacements { get; init; }

    /// <summary>Tokens written &lt;0x41&gt; stand for bytes.</summary>
    public bool ByteFallback { get; init; } = true;

    /// <summary>Spaces removed from the start of the text, at most; the encoder put one there.</summary>
    public int StripStart { get; init; }

    /// <summary>All ▁ of the first token are dropped (Metaspace decoders) instead of counted spaces of the text.</summary>
    public bool DropSpacesOfFirstToken { get; init; }

    /// <summary>A run of byte tokens that is not UTF-8 as a whole becomes one U+FFFD a byte (tokenizer.json), instead of only the bytes
    /// that are wrong (SentencePiece).</summary>
    public bool ReplaceWholeRun { get; init; }

    /// <summary>Text of the unknown token, or null for the token itself.</summary>
    public string? UnknownText { get; init; }
}
