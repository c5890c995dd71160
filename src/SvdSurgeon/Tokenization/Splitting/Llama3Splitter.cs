namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>LLaMA-3's pattern (numbers of up to three digits) and Qwen2's (digit by digit), read by hand.</summary>
internal sealed class Llama3Splitter(int digits) : ScanningSplitter
{
    /// <summary>LLaMA-3's pattern.</summary>
    public const string Llama3Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Qwen2's pattern.</summary>
    public const string Qwen2Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Digits of a number that stay together, at most.</summary>
    public int Digits => digits;

    public string Pattern => digits == 3 ? Llama3Pattern : Qwen2Pattern;

    public override int EndOfPiece(ReadOnlySpan<char> text, int start)
    {
        var first = text[start];
        if (first == '\'' && Contraction(text[(start + 1)..]) is > 0 and var contraction)
            return start + 1 + contraction;
        var characterClass = CharacterClass.At(text, start, out var length);
        var next = start + length;
        if (characterClass == CharacterClass.Letter)
            return CharacterClass.EndOfRun(text, next, CharacterClass.Letter);
        if (characterClass == CharacterClass.Number)
        {
            for (var n = 1; n < digits && next < text.Length && CharacterClass.At(text, next, out length) == CharacterClass.Number; n++)
                next += length;
            return next;
        }
        var following = next < text.Length ? CharacterClass.At(text, next, out length) : CharacterClass.Space;
        if (following == CharacterClass.Letter && first is not ('\r' or '\n'))
            return CharacterClass.EndOfRun(text, next + length, CharacterClass.Letter);
        if (characterClass == CharacterClass.Other || (first == ' ' && following == CharacterClass.Other))
        {
            var end = CharacterClass.EndOfRun(text, next, CharacterClass.Other);
            while (end < text.Length && text[end] is '\r' or '\n')
                end++;
            return end;
        }
        var endOfRun = CharacterClass.EndOfRun(text, next, CharacterClass.Space);
        var lineEnd = text[start..endOfRun].LastIndexOfAny('\r', '\n');
        return lineEnd >= 0 ? start + lineEnd + 1 : Gpt2Splitter.EndOfWhitespace(text, start);
    }

    // Case folding also makes U+017F, the long s, an s.
    private static int Contraction(ReadOnlySpan<char> text) =>
        text switch
        {
            ['s' or 'S' or '\u017F' or 't' or 'T' or 'm' or 'M' or 'd' or 'D', ..] => 1,
            ['r' or 'R' or 'v' or 'V', 'e' or 'E', ..] or ['l' or 'L', 'l' or 'L', ..] => 2,
            _ => 0,
        };
}
