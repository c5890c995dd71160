using System.Text;

namespace SvdSurgeon.Tokenization.Decoding;

/// <summary>Turns ids into text, one at a time; what is added for a sequence of ids is its decoded text.</summary>
internal abstract class PieceDecoder
{
    /// <summary>Takes one id and appends the text that is certain by now.</summary>
    public abstract void Add(int id, StringBuilder text);

    /// <summary>Appends what was held back.</summary>
    public abstract void Finish(StringBuilder text);
}
