namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>Cuts where a regular expression matches; for the patterns that no class here reads by hand.</summary>
/// <param name="pattern">The expression or text.</param>
/// <param name="behavior">What becomes of the matches.</param>
/// <param name="invert">What does not match counts as matches, and the other way round.</param>
internal sealed class RegexSplitter(OnigurumaPattern pattern, SplitBehavior behavior, bool invert) : TextSplitter
{
    public string Original => pattern.Original;

    public bool IsRegex => pattern.IsRegex;

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
        foreach (var (start, end) in pattern.Matches(text))
        {
            if (start > at)
                segments.Add((at, start, invert));
            segments.Add((start, end, !invert));
            at = end;
        }
        if (at < text.Length)
            segments.Add((at, text.Length, invert));
        return segments;
    }
}
