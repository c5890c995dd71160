using System.Text;
using SvdSurgeon.Tokenization.Decoding;

namespace SvdSurgeon.Tokenization;

/// <summary>Decodes token by token. A character whose bytes are spread over several tokens is held back until it is whole.</summary>
/// <remarks>Made by <see cref="Tokenizer.CreateStream"/>. Not for use from several threads.</remarks>
internal sealed class TokenStream
{
    private readonly PieceDecoder _decoder;
    private readonly StringBuilder _text = new();

    internal TokenStream(PieceDecoder decoder) => _decoder = decoder;

    /// <summary>Takes the next token and returns the text that became complete with it, often a word piece, sometimes "".</summary>
    public string Add(int id)
    {
        _decoder.Add(id, _text);
        return Take();
    }

    /// <summary>Returns what was held back: "" unless the last token ended inside a character, which is then shown as U+FFFD.</summary>
    public string Finish()
    {
        _decoder.Finish(_text);
        return Take();
    }

    private string Take()
    {
        var text = _text.ToString();
        _text.Clear();
        return text;
    }
}
