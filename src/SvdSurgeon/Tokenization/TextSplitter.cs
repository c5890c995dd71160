namespace SvdSurgeon.Tokenization;

/// <summary>Cuts a text into pieces that are tokenized separately (a pre-tokenizer).</summary>
internal abstract class TextSplitter;

/// <summary>A splitter that goes through the text once and leaves nothing out.</summary>
internal abstract class ScanningSplitter : TextSplitter
{
    /// <summary>Index after the piece that starts at <paramref name="start"/>; always above <paramref name="start"/>.</summary>
    public abstract int EndOfPiece(ReadOnlySpan<char> text, int start);
}

/// <summary>Numbers stand apart from everything else, each digit by itself or each run of digits together.</summary>
internal sealed class DigitSplitter(bool individual) : ScanningSplitter
{
    public bool Individual => individual;

    public override int EndOfPiece(ReadOnlySpan<char> text, int start)
    {
        if (CharacterClass.At(text, start, out var length) == CharacterClass.Number)
            return individual ? start + length : CharacterClass.EndOfRun(text, start, CharacterClass.Number);
        var end = start + length;
        while (end < text.Length && CharacterClass.At(text, end, out length) != CharacterClass.Number) end += length;
        return end;
    }
}

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
