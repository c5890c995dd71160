namespace SvdSurgeon.Tokenization.Bpe;

/// <summary>BPE whose first symbols are the bytes of the text.</summary>
internal sealed class ByteLevelBpe : BpeModel
{
    private readonly int[] _byteIds;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>>? _wholeWords;

    /// <param name="byteIds">Id of each byte, or −1 where the vocabulary lacks it: such bytes are dropped, as in the reference.</param>
    /// <param name="merges">The merges.</param>
    /// <param name="wholeWords">Tokens by their text in the byte alphabet, if a word that is a token is to be taken whole
    /// (ignore_merges).</param>
    public ByteLevelBpe(int[] byteIds, MergeTable merges, Dictionary<string, int>? wholeWords)
        : base(merges)
    {
        _byteIds = byteIds;
        _wholeWords = wholeWords?.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public bool TakesWholeWords => _wholeWords is not null;

    public override void Encode(ReadOnlySpan<char> piece, BpeWorkspace workspace, TokenBuffer output) =>
        EncodeWord(piece, workspace, output);

    /// <summary>Appends the ids of a piece that is written in the byte alphabet, a character per byte.</summary>
    public void EncodeBytes(ReadOnlySpan<char> piece, BpeWorkspace workspace, TokenBuffer output)
    {
        if (_wholeWords is { } wholeWords && wholeWords.TryGetValue(piece, out var whole))
        {
            output.Add(whole);
            return;
        }
        Span<byte> bytes = piece.Length <= 256 ? stackalloc byte[piece.Length] : new byte[piece.Length];
        ByteAlphabet.TryGetBytes(piece, bytes, out var count);
        var symbols = output.Reserve(count);
        var used = 0;
        foreach (var value in bytes)
            if (_byteIds[value] is >= 0 and var id)
                symbols[used++] = id;
        output.Keep(workspace.Merger.Merge(symbols[..used]));
    }

    protected override void EncodeNewWord(ReadOnlySpan<char> word, BpeWorkspace workspace, TokenBuffer output)
    {
        var count = workspace.EncodeUtf8(word, out var bytes);
        if (_wholeWords is { } wholeWords)
        {
            if (workspace.Characters.Length < count)
                workspace.Characters = new char[Math.Max(count, 256)];
            var mapped = workspace.Characters.AsSpan(0, count);
            for (var i = 0; i < count; i++)
                mapped[i] = ByteAlphabet.CharacterOf(bytes[i]);
            if (wholeWords.TryGetValue(mapped, out var whole))
            {
                output.Add(whole);
                return;
            }
        }
        var symbols = output.Reserve(count);
        var used = 0;
        foreach (var value in bytes)
            if (_byteIds[value] is >= 0 and var id)
                symbols[used++] = id;
        output.Keep(workspace.Merger.Merge(symbols[..used]));
    }
}
