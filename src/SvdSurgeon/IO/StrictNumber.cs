using System.Globalization;

namespace SvdSurgeon.IO;

/// <summary>
/// Numbers as people give them to options: digits with a decimal point, whatever the language of the machine. A comma is no decimal point
/// and no separator of thousands either: what one reader takes for 0.5 another takes for 5.
/// </summary>
internal static class StrictNumber
{
    private const NumberStyles Real = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>A number with or without a fraction; also NaN, which no option takes.</summary>
    public static bool TryDouble(string text, out double number) => double.TryParse(text, Real, CultureInfo.InvariantCulture, out number);

    /// <summary>A whole number.</summary>
    public static bool TryInteger(string text, out int number) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    /// <summary>A whole number that is not negative.</summary>
    public static bool TryUnsigned(string text, out ulong number) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
