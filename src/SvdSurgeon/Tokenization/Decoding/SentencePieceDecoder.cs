using System.Globalization;
using System.Text;

namespace SvdSurgeon.Tokenization.Decoding;

/// <summary>
/// Decodes SentencePiece-style tokens: ▁ is a space, &lt;0x41&gt; a byte, and the space the encoder added at the start is removed.
/// </summary>
/// <param name="vocabulary">The tokens.</param>
/// <param name="decoding">The variant.</param>
/// <param name="skipSpecialTokens">Leaves special tokens out.</param>
/// <param name="streaming">Appends characters made of byte tokens as soon as they are whole, not at the end of the run.</param>
internal sealed class SentencePieceDecoder(Vocabulary vocabulary, SentencePieceDecoding decoding, bool skipSpecialTokens, bool streaming)
    : PieceDecoder
{
    private readonly List<byte> _run = [];
    private bool _firstToken = true;
    private bool _textStarted;
    private int _stripped;

    /// <summary>The byte that a token such as &lt;0x0A&gt; stands for, or −1.</summary>
    public static int ByteOf(string token) =>
        token is ['<', '0', 'x', var high, var low, '>'] && char.IsAsciiHexDigit(high) && char.IsAsciiHexDigit(low)
            ? int.Parse(token.AsSpan(3, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : -1;

    public override void Add(int id, StringBuilder text)
    {
        if (vocabulary[id] is not { } token || (skipSpecialTokens && vocabulary.IsSpecial(id)))
            return;
        var first = _firstToken;
        _firstToken = false;
        if (decoding.ByteFallback && ByteOf(token) is >= 0 and var value)
        {
            _run.Add((byte)value);
            if (streaming)
                AppendWholeCharacters(text);
            return;
        }
        AppendRun(text);
        if (id == vocabulary.UnknownId && decoding.UnknownText is { } unknown)
            token = unknown;
        foreach (var (pattern, content) in decoding.Replacements)
        {
            if (first && decoding.DropSpacesOfFirstToken)
                token = token.Replace(pattern, "", StringComparison.Ordinal);
            token = token.Replace(pattern, content, StringComparison.Ordinal);
        }
        Append(token, text);
    }

    public override void Finish(StringBuilder text) => AppendRun(text);

    private void Append(ReadOnlySpan<char> piece, StringBuilder text)
    {
        while (!_textStarted && _stripped < decoding.StripStart && piece is [' ', ..])
        {
            piece = piece[1..];
            _stripped++;
        }
        if (piece.IsEmpty)
            return;
        _textStarted = true;
        text.Append(piece);
    }

    private void AppendWholeCharacters(StringBuilder text)
    {
        var bytes = _run.ToArray().AsSpan();
        var taken = 0;
        while (Rune.DecodeFromUtf8(bytes[taken..], out var rune, out var length) == System.Buffers.OperationStatus.Done)
        {
            Append(rune.ToString(), text);
            taken += length;
        }
        _run.RemoveRange(0, taken);
    }

    private void AppendRun(StringBuilder text)
    {
        if (_run.Count == 0)
            return;
        var bytes = _run.ToArray().AsSpan();
        if (decoding.ReplaceWholeRun && !System.Text.Unicode.Utf8.IsValid(bytes))
        {
            Append(new string('\uFFFD', bytes.Length), text);
            bytes = [];
        }
        while (!bytes.IsEmpty)
        {
            var good = Rune.DecodeFromUtf8(bytes, out var rune, out var length) == System.Buffers.OperationStatus.Done;
            Append(good ? rune.ToString() : "\uFFFD", text);
            bytes = bytes[(good ? length : 1)..];
        }
        _run.Clear();
    }
}
