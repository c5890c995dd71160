using System.Globalization;
using System.Text;

namespace SvdSurgeon.Evaluation.Tasks;

/// <summary>What Python's string methods do where .NET's do otherwise: the prompts must be the harness's to the last character.</summary>
internal static class PythonText
{
    // Characters whose title case is not their simple upper case (Unicode's SpecialCasing.txt and UnicodeData.txt), each followed by its
    // title case.
    private static readonly string[] TitleCases =
    [
        "ßSs",
        "ŉʼN",
        "ǰJ\u030C",
        "ΐΙ\u0308\u0301",
        "ΰΥ\u0308\u0301",
        "ևԵւ",
        "ẖH\u0331",
        "ẗT\u0308",
        "ẘW\u030A",
        "ẙY\u030A",
        "ẚAʾ",
        "ﬀFf",
        "ﬁFi",
        "ﬂFl",
        "ﬃFfi",
        "ﬄFfl",
        "ﬅSt",
        "ﬆSt",
        "ﬓՄն",
        "ﬔՄե",
        "ﬕՄի",
        "ﬖՎն",
        "ﬗՄխ",
        "Ǆǅ",
        "ǆǅ",
        "ǅǅ",
        "Ǉǈ",
        "ǉǈ",
        "ǈǈ",
        "Ǌǋ",
        "ǌǋ",
        "ǋǋ",
        "Ǳǲ",
        "ǳǲ",
        "ǲǲ",
        "ὐΥ\u0313",
        "ὒΥ\u0313\u0300",
        "ὔΥ\u0313\u0301",
        "ὖΥ\u0313\u0342",
        "ᾲᾺ\u0345",
        "ᾴΆ\u0345",
        "ᾶΑ\u0342",
        "ᾷΑ\u0342\u0345",
        "ῂῊ\u0345",
        "ῄΉ\u0345",
        "ῆΗ\u0342",
        "ῇΗ\u0342\u0345",
        "ῒΙ\u0308\u0300",
        "ΐΙ\u0308\u0301",
        "ῖΙ\u0342",
        "ῗΙ\u0308\u0342",
        "ῢΥ\u0308\u0300",
        "ΰΥ\u0308\u0301",
        "ῤΡ\u0313",
        "ῦΥ\u0342",
        "ῧΥ\u0308\u0342",
        "ῲῺ\u0345",
        "ῴΏ\u0345",
        "ῶΩ\u0342",
        "ῷΩ\u0342\u0345",
    ];

    /// <summary>str.isspace for one character: .NET's white space and four control characters.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1C' and <= '\x1F';

    /// <summary>str.rstrip().</summary>
    public static string TrimEnd(string text)
    {
        int end = text.Length;
        while (end > 0 && IsSpace(text[end - 1]))
            end--;
        return text[..end];
    }

    /// <summary>str.lstrip().</summary>
    public static string TrimStart(string text)
    {
        int start = 0;
        while (start < text.Length && IsSpace(text[start]))
            start++;
        return text[start..];
    }

    /// <summary>str.strip().</summary>
    public static string Trim(string text) => TrimStart(TrimEnd(text));

    /// <summary>len(): Unicode code points.</summary>
    public static int Length(string text) =>
        text.Length - text.Index().Count(c => char.IsLowSurrogate(c.Item) && c.Index > 0 && char.IsHighSurrogate(text[c.Index - 1]));

    /// <summary>str.capitalize(): the first character in title case, all others in lower case.</summary>
    public static string Capitalize(string text)
    {
        if (text.Length == 0)
            return text;
        var result = new StringBuilder(text.Length + 2);
        int first = char.IsSurrogatePair(text, 0) ? 2 : 1;
        result.Append(Title(text[..first]));
        for (int i = first; i < text.Length; )
        {
            int length = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]) ? 2 : 1;
            result.Append(Lower(text, i, length));
            i += length;
        }
        return result.ToString();
    }

    // Georgian has capital letters for whole words only, never for the first letter of a sentence.
    private static string Title(string character) =>
        character[0] switch
        {
            >= '\u10D0' and <= '\u10FF' => character,
            >= '\u1F80' and <= '\u1FAF' => ((char)(character[0] | 8)).ToString(),
            '\u1FB3' or '\u1FBC' => "\u1FBC",
            '\u1FC3' or '\u1FCC' => "\u1FCC",
            '\u1FF3' or '\u1FFC' => "\u1FFC",
            var c => TitleCases.FirstOrDefault(entry => entry[0] == c)?[1..] ?? character.ToUpperInvariant(),
        };

    private static string Lower(string text, int at, int length) =>
        text[at] switch
        {
            'İ' => "i\u0307",
            'Σ' => EndsWord(text, at) ? "ς" : "σ",
            _ => text.Substring(at, length).ToLowerInvariant(),
        };

    // Unicode's Final_Sigma: a letter before it and none after it, marks and signs inside words passed over.
    private static bool EndsWord(string text, int at)
    {
        int before = at - 1,
            after = at + 1;
        while (before >= 0 && IsIgnorable(text[before]))
            before--;
        while (after < text.Length && IsIgnorable(text[after]))
            after++;
        return before >= 0 && IsCased(text[before]) && !(after < text.Length && IsCased(text[after]));
    }

    private static bool IsCased(char c) =>
        char.GetUnicodeCategory(c) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter;

    private static bool IsIgnorable(char c) =>
        c is '\'' or '.' or ':' or '·' or '’' or '‘'
        || char.GetUnicodeCategory(c)
            is UnicodeCategory.NonSpacingMark
                or UnicodeCategory.EnclosingMark
                or UnicodeCategory.Format
                or UnicodeCategory.ModifierLetter
                or UnicodeCategory.ModifierSymbol;
}
