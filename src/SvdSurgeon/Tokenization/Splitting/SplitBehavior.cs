namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>What becomes of the matches of a <see cref="RegexSplitter"/>, in tokenizer.json's words.</summary>
internal enum SplitBehavior
{
    Isolated,
    Removed,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}
