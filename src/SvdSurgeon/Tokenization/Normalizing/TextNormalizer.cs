namespace SvdSurgeon.Tokenization.Normalizing;

/// <summary>Changes a text before it is cut and tokenized.</summary>
internal abstract class TextNormalizer
{
    public abstract string Normalize(string text);

    /// <summary>What an added token looks like in normalized text.</summary>
    public virtual string NormalizeToken(string token) => Normalize(token);
}
