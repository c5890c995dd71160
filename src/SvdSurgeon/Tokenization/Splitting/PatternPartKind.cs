namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>What a part of an expression is.</summary>
internal enum PatternPartKind
{
    /// <summary>One character, a set, an escape or an anchor: what a quantifier after it belongs to.</summary>
    Atom,

    /// <summary>The start of a group.</summary>
    Open,

    /// <summary>The end of a group.</summary>
    Close,

    /// <summary>A quantifier that .NET has too.</summary>
    Quantifier,

    /// <summary>A quantifier that gives nothing back; its text is that of the one that does.</summary>
    PossessiveQuantifier,
}
