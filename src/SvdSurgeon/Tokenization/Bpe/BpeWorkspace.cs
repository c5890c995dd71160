using System.Text;

namespace SvdSurgeon.Tokenization.Bpe;

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
        if (Bytes.Length < count)
            Bytes = new byte[Math.Max(count, 256)];
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
