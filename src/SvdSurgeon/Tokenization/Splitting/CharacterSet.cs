namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>
/// A set of characters as Oniguruma writes it, [a-z\s[…]&amp;&amp;[…]]: ranges, classes, sets within it, and sets that it is cut with.
/// </summary>
internal sealed class CharacterSet
{
    /// <summary>Everything but what the set says.</summary>
    public bool IsNegated { get; init; }

    /// <summary>Code points, ends included.</summary>
    public List<(int First, int Last)> Ranges { get; } = [];

    /// <summary>Classes such as \s and \p{L}, as .NET writes them.</summary>
    public List<string> Classes { get; } = [];

    /// <summary>Sets within the set: their union with what else is in it.</summary>
    public List<CharacterSet> Nested { get; } = [];

    /// <summary>A set that a character must be in too (&amp;&amp;); null for none.</summary>
    public CharacterSet? Intersected { get; set; }

    /// <summary>The set and all within it.</summary>
    public IEnumerable<CharacterSet> All() =>
        Nested.Concat(Intersected is null ? [] : [Intersected]).SelectMany(set => set.All()).Prepend(this);

    /// <summary>
    /// As a .NET expression that matches one UTF-16 unit; .NET has no sets within sets, so that some become alternatives.
    /// </summary>
    public string ToExpression(PatternAlphabet alphabet)
    {
        if (IsPlain)
            return $"[{(IsNegated ? "^" : "")}{Items(alphabet)}]";
        var union = Union(alphabet);
        if (Intersected is not null)
            union = $"(?:(?={union}){Intersected.ToExpression(alphabet)})";
        return IsNegated ? $@"(?:(?!{union})[\s\S])" : union;
    }

    private bool IsPlain => Intersected is null && Nested.TrueForAll(set => set.IsPlain && !set.IsNegated);

    private string Items(PatternAlphabet alphabet) =>
        string.Concat(Ranges.Select(range => alphabet.Range(range.First, range.Last)))
        + string.Concat(Classes)
        + string.Concat(Nested.Select(set => set.Items(alphabet)));

    private string Union(PatternAlphabet alphabet)
    {
        var parts = Nested.Select(set => set.ToExpression(alphabet)).ToList();
        var own = string.Concat(Ranges.Select(range => alphabet.Range(range.First, range.Last))) + string.Concat(Classes);
        if (own.Length > 0)
            parts.Insert(0, $"[{own}]");
        return $"(?:{string.Join('|', parts)})";
    }
}
