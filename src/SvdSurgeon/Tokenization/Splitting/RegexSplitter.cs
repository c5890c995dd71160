using System.Globalization;
using System.Text.RegularExpressions;

namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>Cuts where a regular expression matches; for the patterns that no class here reads by hand.</summary>
/// <param name="regex">The pattern, for .NET.</param>
/// <param name="original">The pattern as the file has it.</param>
/// <param name="isRegex">The file gives a regular expression, not a string.</param>
/// <param name="behavior">What becomes of the matches.</param>
/// <param name="invert">What does not match counts as matches, and the other way round.</param>
internal sealed class RegexSplitter(Regex regex, string original, bool isRegex, SplitBehavior behavior, bool invert) : TextSplitter
{
    private static readonly char[] CategoryStandIns = BuildCategoryStandIns();

    public string Original => original;

    public bool IsRegex => isRegex;

    public SplitBehavior Behavior => behavior;

    public bool Invert => invert;

    /// <summary>The pieces, in order.</summary>
    public List<(int Start, int End)> Split(ReadOnlySpan<char> text)
    {
        var segments = Segments(text);
        var pieces = new List<(int Start, int End)>(segments.Count);
        var previous = false;
        if (behavior == SplitBehavior.MergedWithNext)
            segments.Reverse();
        foreach (var (start, end, isMatch) in segments)
        {
            var merges =
                pieces.Count > 0
                && behavior switch
                {
                    SplitBehavior.MergedWithPrevious or SplitBehavior.MergedWithNext => isMatch && !previous,
                    SplitBehavior.Contiguous => isMatch == previous,
                    _ => false,
                };
            if (merges)
                pieces[^1] = (Math.Min(pieces[^1].Start, start), Math.Max(pieces[^1].End, end));
            else if (!(isMatch && behavior == SplitBehavior.Removed))
                pieces.Add((start, end));
            previous = isMatch;
        }
        if (behavior == SplitBehavior.MergedWithNext)
            pieces.Reverse();
        return pieces;
    }

    private List<(int Start, int End, bool IsMatch)> Segments(ReadOnlySpan<char> text)
    {
        var segments = new List<(int, int, bool)>();
        var at = 0;
        var searched = StandInText(text, out var offsets);
        foreach (var match in regex.EnumerateMatches(searched))
        {
            if (match.Length == 0)
                continue;
            var start = offsets is null ? match.Index : offsets[match.Index];
            var end = offsets is null ? match.Index + match.Length : offsets[match.Index + match.Length];
            if (start > at)
                segments.Add((at, start, invert));
            segments.Add((start, end, !invert));
            at = end;
        }
        if (at < text.Length)
            segments.Add((at, text.Length, invert));
        return segments;
    }

    // .NET's patterns see surrogates, which have no category. One character of the same category stands in for each pair.
    private static ReadOnlySpan<char> StandInText(ReadOnlySpan<char> text, out int[]? offsets)
    {
        offsets = null;
        if (text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
            return text;
        var characters = new char[text.Length];
        offsets = new int[text.Length + 1];
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            offsets[count] = i;
            characters[count++] =
                i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1])
                    ? CategoryStandIns[(int)CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(text[i], text[++i]))]
                    : text[i];
        }
        offsets[count] = text.Length;
        return characters.AsSpan(0, count);
    }

    private static char[] BuildCategoryStandIns()
    {
        // From U+A640 on, where the scripts are that no pattern names; what is not found there is looked for from the beginning.
        var standIns = new char[(int)UnicodeCategory.OtherNotAssigned + 1];
        for (var i = 0; i <= char.MaxValue; i++)
        {
            var unit = (char)(0xA640 + i);
            if (unit <= 'ÿ' || unit is >= '\u4E00' and <= '\u9FFF')
                continue;
            ref var standIn = ref standIns[(int)CharUnicodeInfo.GetUnicodeCategory(unit)];
            if (standIn == 0)
                standIn = unit;
        }
        return standIns;
    }
}
