namespace SvdSurgeon.Evaluation.Corpora;

/// <summary>How a text becomes the windows that a model is judged on.</summary>
internal sealed record CorpusProtocol
{
    /// <summary>Tokens per window; in each window all but the first are predicted.</summary>
    public required int Length { get; init; }

    /// <summary>The first windows only; null for all.</summary>
    public int? Windows { get; init; }

    /// <summary>The first tokens of the text only; null for all.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Each window begins with the last token of the one before, so that every token but the first is predicted. Else windows
    /// share no token.</summary>
    public bool Contiguous { get; init; }

    /// <summary>The text begins with the tokens that the tokenizer puts before a text.</summary>
    public bool AddsSpecialTokens { get; init; } = true;

    /// <summary>Documents are tokenized one by one with the tokens of an empty line between them, and empty ones are left out; else they
    /// are joined first.</summary>
    public bool ByDocument { get; init; }

    /// <summary>LowRankArena's (arXiv 2608.26389): the first 262,144 tokens in blocks of 2,048, no special tokens, documents one by
    /// one.</summary>
    public static CorpusProtocol Arena { get; } =
        new()
        {
            Length = 2048,
            MaxTokens = 262_144,
            AddsSpecialTokens = false,
            ByDocument = true,
        };
}
