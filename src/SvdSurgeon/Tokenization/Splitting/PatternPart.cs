namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>A part of an expression.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">As .NET writes it; not used for a set.</param>
/// <param name="Set">The characters that it matches one of; null for all other parts.</param>
internal readonly record struct PatternPart(PatternPartKind Kind, string Text, CharacterSet? Set = null)
{
    /// <summary>One character.</summary>
    public static PatternPart Of(int character)
    {
        var set = new CharacterSet();
        set.Ranges.Add((character, character));
        return new PatternPart(PatternPartKind.Atom, "", set);
    }
}
