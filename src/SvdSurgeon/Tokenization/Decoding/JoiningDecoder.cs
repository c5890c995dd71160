using System.Text;

namespace SvdSurgeon.Tokenization.Decoding;

/// <summary>Joins tokens with a space: what a tokenizer.json without a decoder asks for.</summary>
internal sealed class JoiningDecoder(Vocabulary vocabulary, bool skipSpecialTokens) : PieceDecoder
{
    private bool _started;

    public override void Add(int id, StringBuilder text)
    {
        if (vocabulary[id] is not { } token || (skipSpecialTokens && vocabulary.IsSpecial(id)))
            return;
        if (_started)
            text.Append(' ');
        text.Append(token);
        _started = true;
    }

    public override void Finish(StringBuilder text) { }
}
