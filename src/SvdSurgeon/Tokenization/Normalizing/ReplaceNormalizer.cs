namespace SvdSurgeon.Tokenization.Normalizing;

/// <summary>Replaces a string by another.</summary>
internal sealed class ReplaceNormalizer(string pattern, string content) : TextNormalizer
{
    public string Pattern => pattern;

    public string Content => content;

    public override string Normalize(string text) => text.Replace(pattern, content, StringComparison.Ordinal);
}
