namespace SvdSurgeon.Tokenization.Bpe;

/// <summary>
/// Byte-pair encoding of one piece of text, the pieces being independent of each other. Immutable; the work space is the caller's.
/// </summary>
internal abstract class BpeModel(MergeTable merges)
{
    public MergeTable Merges => merges;

    /// <summary>Appends the ids of a piece of valid UTF-16 text.</summary>
    public abstract void Encode(ReadOnlySpan<char> piece, BpeWorkspace workspace, TokenBuffer output);

    /// <summary>Appends the ids of a word through the cache.</summary>
    protected void EncodeWord(ReadOnlySpan<char> word, BpeWorkspace workspace, TokenBuffer output)
    {
        if (word.Length > WordCache.LongestWord)
        {
            EncodeNewWord(word, workspace, output);
            return;
        }
        var hash = WordCache.Hash(word);
        if (workspace.Cache.TryGet(word, hash, out var known))
        {
            output.Add(known);
            return;
        }
        var start = output.Count;
        EncodeNewWord(word, workspace, output);
        workspace.Cache.Set(word, hash, output.Ids[start..]);
    }

    /// <summary>Appends the ids of a word by merging.</summary>
    protected abstract void EncodeNewWord(ReadOnlySpan<char> word, BpeWorkspace workspace, TokenBuffer output);
}
