namespace SvdSurgeon.Tokenization.Normalizing;

/// <summary>Removes white space at the ends of a text.</summary>
/// <param name="left">At the start.</param>
/// <param name="right">At the end.</param>
internal sealed class StripNormalizer(bool left, bool right) : TextNormalizer
{
    /// <summary>White space at the start is removed.</summary>
    public bool Left => left;

    /// <summary>White space at the end is removed.</summary>
    public bool Right => right;

    public override string Normalize(string text) =>
        left && right ? text.Trim()
        : left ? text.TrimStart()
        : right ? text.TrimEnd()
        : text;
}
