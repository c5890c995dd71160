namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>
/// GPT-2's pattern, read by hand: contractions; letters, numbers or other characters with one space before them; whitespace.
/// </summary>
internal sealed class Gpt2Splitter : ScanningSplitter
{
    /// <summary>The pattern that this class stands for.</summary>
    public const string Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public override int EndOfPiece(ReadOnlySpan<char> text, int start)
    {
        var first = text[start];
        if (first == '\'' && Contraction(text[(start + 1)..]) is > 0 and var length)
            return start + 1 + length;
        var body = first == ' ' && start + 1 < text.Length ? start + 1 : start;
        var characterClass = CharacterClass.At(text, body, out length);
        return characterClass != CharacterClass.Space
            ? CharacterClass.EndOfRun(text, body + length, characterClass)
            : EndOfWhitespace(text, start);
    }

    /// <summary>
    /// \s+(?!\S)|\s+ : a run of whitespace leaves its last character to what follows, if both would otherwise be empty-handed.
    /// </summary>
    public static int EndOfWhitespace(ReadOnlySpan<char> text, int start)
    {
        var end = CharacterClass.EndOfRun(text, start, CharacterClass.Space);
        return end < text.Length && end - start > 1 ? end - 1 : end;
    }

    private static int Contraction(ReadOnlySpan<char> text) =>
        text switch
        {
            ['s' or 't' or 'm' or 'd', ..] => 1,
            ['r' or 'v', 'e', ..] or ['l', 'l', ..] => 2,
            _ => 0,
        };
}
