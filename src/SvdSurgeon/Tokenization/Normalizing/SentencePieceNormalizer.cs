namespace SvdSurgeon.Tokenization.Normalizing;

/// <summary>
/// SentencePiece's own normalization, where the model has no character map: extra spaces, the space at the start, ▁ for a space.
/// </summary>
/// <param name="space">The character that stands for a space.</param>
/// <param name="addDummyPrefix">Puts a space at the start.</param>
/// <param name="removeExtraSpaces">Removes spaces at both ends, and all but one of a run.</param>
internal sealed class SentencePieceNormalizer(char space, bool addDummyPrefix, bool removeExtraSpaces) : TextNormalizer
{
    public char Space => space;

    public bool AddDummyPrefix => addDummyPrefix;

    public bool RemoveExtraSpaces => removeExtraSpaces;

    public override string Normalize(string text)
    {
        if (removeExtraSpaces)
            text = string.Join(' ', text.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        if (text.Length == 0)
            return text;
        if (addDummyPrefix)
            text = " " + text;
        return text.Replace(' ', space);
    }

    public override string NormalizeToken(string token) => token; // user-defined pieces are stored normalized
}
