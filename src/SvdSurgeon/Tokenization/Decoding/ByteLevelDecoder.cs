using System.Text;
using SvdSurgeon.Tokenization.Bpe;

namespace SvdSurgeon.Tokenization.Decoding;

/// <summary>Decodes byte-level BPE: every token stands for bytes, and the bytes together are UTF-8.</summary>
internal sealed class ByteLevelDecoder(Vocabulary vocabulary, bool skipSpecialTokens) : PieceDecoder
{
    private readonly Decoder _utf8 = Encoding.UTF8.GetDecoder();
    private readonly byte[] _bytes = new byte[vocabulary.LongestTokenBytes];
    private readonly char[] _chars = new char[vocabulary.LongestTokenBytes + 4];

    public override void Add(int id, StringBuilder text)
    {
        if (vocabulary[id] is not { } token || (skipSpecialTokens && vocabulary.IsSpecial(id)))
            return;
        // An added token is written as it is; the others in the alphabet that gives every byte a visible character.
        if (vocabulary.IsAdded(id) || !ByteAlphabet.TryGetBytes(token, _bytes, out var count))
            count = Encoding.UTF8.GetBytes(token, _bytes);
        text.Append(_chars, 0, _utf8.GetChars(_bytes, 0, count, _chars, 0, flush: false));
    }

    public override void Finish(StringBuilder text) => text.Append(_chars, 0, _utf8.GetChars(_bytes, 0, 0, _chars, 0, flush: true));
}
