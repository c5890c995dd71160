using System.Text;

namespace SvdSurgeon.Tokenization;

/// <summary>Byte-pair encoding of one piece of text, the pieces being independent of each other. Immutable; the work space is the caller's.</summary>
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

/// <summary>What one thread needs while it encodes.</summary>
internal sealed class BpeWorkspace(MergeTable merges)
{
    public WordCache Cache { get; } = new();

    public PairMerger Merger { get; } = new(merges);

    public TokenBuffer Output { get; } = new();

    public char[] Characters { get; set; } = [];

    public byte[] Bytes { get; set; } = [];

    /// <summary>Room for at least <paramref name="count"/> bytes.</summary>
    public Span<byte> ReserveBytes(int count)
    {
        if (Bytes.Length < count) Bytes = new byte[Math.Max(count, 256)];
        return Bytes;
    }

    public int EncodeUtf8(ReadOnlySpan<char> text, out ReadOnlySpan<byte> bytes)
    {
        var room = ReserveBytes(Encoding.UTF8.GetMaxByteCount(text.Length));
        var count = Encoding.UTF8.GetBytes(text, room);
        bytes = room[..count];
        return count;
    }
}

/// <summary>BPE whose first symbols are the bytes of the text.</summary>
internal sealed class ByteLevelBpe : BpeModel
{
    private readonly int[] _byteIds;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>>? _wholeWords;

    /// <param name="byteIds">Id of each byte, or −1 where the vocabulary lacks it: such bytes are dropped, as in the reference.</param>
    /// <param name="merges">The merges.</param>
    /// <param name="wholeWords">Tokens by their text in the byte alphabet, if a word that is a token is to be taken whole (ignore_merges).</param>
    public ByteLevelBpe(int[] byteIds, MergeTable merges, Dictionary<string, int>? wholeWords)
        : base(merges)
    {
        _byteIds = byteIds;
        _wholeWords = wholeWords?.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public bool TakesWholeWords => _wholeWords is not null;

    public override void Encode(ReadOnlySpan<char> piece, BpeWorkspace workspace, TokenBuffer output) => EncodeWord(piece, workspace, output);

    protected override void EncodeNewWord(ReadOnlySpan<char> word, BpeWorkspace workspace, TokenBuffer output)
    {
        var count = workspace.EncodeUtf8(word, out var bytes);
        if (_wholeWords is { } wholeWords)
        {
            if (workspace.Characters.Length < count) workspace.Characters = new char[Math.Max(count, 256)];
            var mapped = workspace.Characters.AsSpan(0, count);
            for (var i = 0; i < count; i++) mapped[i] = ByteAlphabet.CharacterOf(bytes[i]);
            if (wholeWords.TryGetValue(mapped, out var whole))
            {
                output.Add(whole);
                return;
            }
        }
        var symbols = output.Reserve(count);
        var used = 0;
        foreach (var value in bytes)
            if (_byteIds[value] is >= 0 and var id) symbols[used++] = id;
        output.Keep(workspace.Merger.Merge(symbols[..used]));
    }
}
