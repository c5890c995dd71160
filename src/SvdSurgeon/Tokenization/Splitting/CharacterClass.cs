using System.Globalization;
using System.Runtime.CompilerServices;

namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>The classes that pre-tokenizers tell apart: \p{L}, \p{N}, \s, and all else.</summary>
internal static class CharacterClass
{
    public const byte Other = 0,
        Letter = 1,
        Number = 2,
        Space = 3;

    private static readonly byte[] Table = BuildTable();

    /// <summary>Class of the character at <paramref name="index"/>, and how many UTF-16 units it has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte At(ReadOnlySpan<char> text, int index, out int length)
    {
        var unit = text[index];
        if (char.IsSurrogate(unit))
            return OfPair(text, index, out length);
        length = 1;
        return Table[unit];
    }

    /// <summary>Index after the run of characters of one class that starts at <paramref name="index"/>.</summary>
    public static int EndOfRun(ReadOnlySpan<char> text, int index, byte characterClass)
    {
        var table = Table;
        while (index < text.Length)
        {
            var unit = text[index];
            if (!char.IsSurrogate(unit))
            {
                if (table[unit] != characterClass)
                    break;
                index++;
            }
            else
            {
                if (OfPair(text, index, out var length) != characterClass)
                    break;
                index += length;
            }
        }
        return index;
    }

    private static byte OfPair(ReadOnlySpan<char> text, int index, out int length)
    {
        length = 1;
        if (index + 1 >= text.Length || !char.IsSurrogatePair(text[index], text[index + 1]))
            return Other;
        length = 2;
        return Of(CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(text[index], text[index + 1])));
    }

    private static byte Of(UnicodeCategory category) =>
        category switch
        {
            UnicodeCategory.UppercaseLetter
            or UnicodeCategory.LowercaseLetter
            or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter
            or UnicodeCategory.OtherLetter => Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Number,
            _ => Other,
        };

    private static byte[] BuildTable()
    {
        var table = new byte[char.MaxValue + 1];
        for (var unit = 0; unit < table.Length; unit++)
            table[unit] = char.IsWhiteSpace((char)unit) ? Space : Of(CharUnicodeInfo.GetUnicodeCategory((char)unit));
        return table;
    }
}
