namespace SvdSurgeon.Tokenization.Normalizing;

/// <summary>Puts a string before every text that is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : TextNormalizer
{
    public string Prefix => prefix;

    public override string Normalize(string text) => text.Length == 0 ? text : prefix + text;
}
