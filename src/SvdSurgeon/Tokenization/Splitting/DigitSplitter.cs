using System.Text;

namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>Numbers stand apart from everything else, each digit by itself or each run of digits together.</summary>
/// <param name="individual">Each digit is a piece.</param>
/// <param name="decimalOnly">Only \p{Nd} counts, not ½, ² or Ⅳ.</param>
internal sealed class DigitSplitter(bool individual, bool decimalOnly) : ScanningSplitter
{
    /// <summary>The pattern that an individual, decimal-only splitter stands for.</summary>
    public const string DecimalPattern = @"\p{Nd}";

    public bool Individual => individual;

    public bool DecimalOnly => decimalOnly;

    public override int EndOfPiece(ReadOnlySpan<char> text, int start)
    {
        var digit = IsDigit(text, start, out var length);
        var end = start + length;
        if (digit && individual)
            return end;
        while (end < text.Length && IsDigit(text, end, out length) == digit)
            end += length;
        return end;
    }

    private bool IsDigit(ReadOnlySpan<char> text, int index, out int length) =>
        CharacterClass.At(text, index, out length) == CharacterClass.Number
        && (!decimalOnly || Rune.IsDigit(length == 1 ? new Rune(text[index]) : new Rune(text[index], text[index + 1])));
}
