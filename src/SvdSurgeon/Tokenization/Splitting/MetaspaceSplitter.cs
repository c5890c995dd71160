namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>Every ▁ begins a piece (Metaspace with split).</summary>
internal sealed class MetaspaceSplitter(char space) : ScanningSplitter
{
    public char Space => space;

    public override int EndOfPiece(ReadOnlySpan<char> text, int start)
    {
        var next = text[(start + 1)..].IndexOf(space);
        return next < 0 ? text.Length : start + 1 + next;
    }
}
