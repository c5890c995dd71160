using System.Globalization;
using System.Text;

namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>
/// The characters that stand in for those beyond U+FFFF: .NET's expressions see these as two surrogates, which have no category and are in
/// no range. In a searched text each becomes one character of the same category, and one of its own where the pattern names it or a range
/// that it is in. No stand-in is named by the pattern; where one stands in a text itself, another of its category, which the pattern cannot
/// tell from it, takes its place.
/// </summary>
internal sealed class PatternAlphabet
{
    private const int FirstAstral = 0x10000;
    private static readonly List<char>[] ByCategory = SortByCategory();
    private readonly Dictionary<UnicodeCategory, char> _general = [];
    private readonly List<Atom> _atoms = [];
    private readonly HashSet<char> _special = [];
    private readonly List<(int First, int Last)> _named;

    /// <param name="named">Every character and range of characters that the pattern names.</param>
    /// <exception cref="ArgumentException">A range names so many characters that none is left to stand in for others.</exception>
    public PatternAlphabet(IEnumerable<(int First, int Last)> named)
    {
        _named = [.. named];
        // Between two neighbours of these a pattern cannot tell characters of one category apart.
        var ranges = _named
            .Where(range => range.Last >= FirstAstral)
            .Select(range => (First: Math.Max(range.First, FirstAstral), range.Last))
            .ToList();
        int[] borders = [.. ranges.SelectMany(range => (int[])[range.First, range.Last + 1]).Distinct().Order()];
        for (var i = 0; i + 1 < borders.Length; i++)
            if (ranges.Exists(range => range.First <= borders[i] && borders[i] <= range.Last))
                _atoms.Add(new Atom(borders[i], borders[i + 1] - 1));
        foreach (var atom in _atoms)
            for (var character = atom.First; character <= atom.Last; character++)
            {
                var category = CharUnicodeInfo.GetUnicodeCategory(character);
                if (atom.StandIns.ContainsKey(category))
                    continue;
                var standIn = Choose(category) ?? throw new ArgumentException($"it names too many characters of the category {category}.");
                atom.StandIns.Add(category, standIn);
                _special.Add(standIn);
            }
        for (var category = UnicodeCategory.UppercaseLetter; category <= UnicodeCategory.OtherNotAssigned; category++)
            if (Choose(category) is { } standIn)
                _general.Add(category, standIn);
    }

    /// <summary>A range as it is written in a .NET set.</summary>
    public string Range(int first, int last)
    {
        var text = new StringBuilder();
        if (first < FirstAstral)
            text.Append(Escaped(first)).Append('-').Append(Escaped(Math.Min(last, char.MaxValue)));
        foreach (var atom in _atoms.Where(atom => first <= atom.First && atom.Last <= last))
        foreach (var standIn in atom.StandIns.Values)
            text.Append(Escaped(standIn));
        return text.ToString();
    }

    /// <summary>The text that is searched instead of <paramref name="text"/>, one unit per character.</summary>
    /// <param name="text">UTF-16 without lone surrogates.</param>
    /// <param name="offsets">Where in <paramref name="text"/> each unit comes from, and its length; null where both are the same.</param>
    public ReadOnlySpan<char> Searched(ReadOnlySpan<char> text, out int[]? offsets)
    {
        offsets = null;
        if (text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0 && _special.Count == 0)
            return text;
        var units = new char[text.Length];
        offsets = new int[text.Length + 1];
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            offsets[count] = i;
            var isPair = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]);
            units[count++] =
                isPair ? StandIn(char.ConvertToUtf32(text[i], text[++i]))
                : _special.Contains(text[i]) ? StandIn(text[i])
                : text[i];
        }
        offsets[count] = text.Length;
        return units.AsSpan(0, count);
    }

    private char StandIn(int character)
    {
        var category = CharUnicodeInfo.GetUnicodeCategory(character);
        foreach (var atom in _atoms)
            if (atom.First <= character && character <= atom.Last)
                return atom.StandIns[category];
        return _general.GetValueOrDefault(category, '\uFFFD');
    }

    private char? Choose(UnicodeCategory category)
    {
        foreach (var unit in ByCategory[(int)category])
            if (!_special.Contains(unit) && !_named.Exists(range => range.First <= unit && unit <= range.Last))
                return unit;
        return null;
    }

    // From U+A640 on, where the scripts are that no pattern names; what is not found there is looked for from the beginning.
    private static List<char>[] SortByCategory()
    {
        var units = new List<char>[(int)UnicodeCategory.OtherNotAssigned + 1];
        for (var category = 0; category < units.Length; category++)
            units[category] = [];
        for (var i = 0; i <= char.MaxValue; i++)
        {
            var unit = (char)(0xA640 + i);
            if (unit > 'ÿ' && !char.IsSurrogate(unit))
                units[(int)CharUnicodeInfo.GetUnicodeCategory(unit)].Add(unit);
        }
        return units;
    }

    private static string Escaped(int unit) => "\\u" + unit.ToString("X4", CultureInfo.InvariantCulture);

    // Characters that are in the same ranges of the pattern.
    private sealed record Atom(int First, int Last)
    {
        public Dictionary<UnicodeCategory, char> StandIns { get; } = [];
    }
}
