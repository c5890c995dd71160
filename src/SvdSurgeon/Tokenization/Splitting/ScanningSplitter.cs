namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>A splitter that goes through the text once and leaves nothing out.</summary>
internal abstract class ScanningSplitter : TextSplitter
{
    /// <summary>Index after the piece that starts at <paramref name="start"/>; always above <paramref name="start"/>.</summary>
    public abstract int EndOfPiece(ReadOnlySpan<char> text, int start);
}
