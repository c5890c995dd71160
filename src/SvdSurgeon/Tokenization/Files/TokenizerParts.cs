using SvdSurgeon.Tokenization.Bpe;
using SvdSurgeon.Tokenization.Decoding;
using SvdSurgeon.Tokenization.Normalizing;
using SvdSurgeon.Tokenization.Splitting;

namespace SvdSurgeon.Tokenization.Files;

/// <summary>A tokenizer as its parts; every file format is read into these.</summary>
internal sealed record TokenizerParts
{
    /// <summary>See <see cref="Tokenizer.Kind"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>The file, for messages.</summary>
    public required string File { get; init; }

    /// <summary>See <see cref="Tokenizer.Warnings"/>.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    public required Vocabulary Vocabulary { get; init; }

    public required BpeModel Model { get; init; }

    /// <summary>The SentencePiece vocabulary with its scores, where the tokenizer comes from one.</summary>
    public SentencePieceVocabulary? Pieces { get; init; }

    /// <summary>Tokens that are recognised in the text as a whole.</summary>
    public AddedToken[] AddedTokens { get; init; } = [];

    public TextNormalizer? Normalizer { get; init; }

    /// <summary>Puts a space before a text that does not begin with one (ByteLevel).</summary>
    public bool AddPrefixSpace { get; init; }

    public Metaspace? Metaspace { get; init; }

    /// <summary>Cuts of cuts: each splitter cuts the pieces of the one before it.</summary>
    public TextSplitter[] Splitters { get; init; } = [];

    /// <summary>Cuts that are made when every byte has become a character of the byte alphabet.</summary>
    public TextSplitter[] SplittersOfBytes { get; init; } = [];

    /// <summary>Ids put before a text.</summary>
    public int[] Prefix { get; init; } = [];

    /// <summary>Ids put after a text.</summary>
    public int[] Suffix { get; init; } = [];

    /// <summary>SentencePiece decoding, or null for byte-level (or joining) decoding.</summary>
    public SentencePieceDecoding? Decoding { get; init; }

    /// <summary>Tokens are joined with spaces: there is no decoder.</summary>
    public bool JoinsTokens { get; init; }

    public int BosTokenId { get; init; } = -1;

    public int EosTokenId { get; init; } = -1;
}
