using System.Text.RegularExpressions;

namespace SvdSurgeon.Tokenization;

/// <summary>Changes a text before it is cut and tokenized.</summary>
internal abstract class TextNormalizer
{
    public abstract string Normalize(string text);

    /// <summary>What an added token looks like in normalized text.</summary>
    public virtual string NormalizeToken(string token) => Normalize(token);
}

/// <summary>Several normalizers, one after the other.</summary>
internal sealed class NormalizerSequence(IReadOnlyList<TextNormalizer> normalizers) : TextNormalizer
{
    public IReadOnlyList<TextNormalizer> Normalizers => normalizers;

    public override string Normalize(string text) => normalizers.Aggregate(text, (current, normalizer) => normalizer.Normalize(current));
}

/// <summary>Puts a string before every text that is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : TextNormalizer
{
    public string Prefix => prefix;

    public override string Normalize(string text) => text.Length == 0 ? text : prefix + text;
}

/// <summary>Replaces a string by another.</summary>
internal sealed class ReplaceNormalizer(string pattern, string content) : TextNormalizer
{
    public string Pattern => pattern;

    public string Content => content;

    public override string Normalize(string text) => text.Replace(pattern, content, StringComparison.Ordinal);
}

/// <summary>Replaces what a regular expression matches by a string.</summary>
/// <param name="regex">The pattern, for .NET.</param>
/// <param name="original">The pattern as the file has it.</param>
/// <param name="content">The replacement.</param>
internal sealed class RegexReplaceNormalizer(Regex regex, string original, string content) : TextNormalizer
{
    public string Original => original;

    public string Content => content;

    public override string Normalize(string text) => regex.Replace(text, _ => content);
}

/// <summary>SentencePiece's own normalization, where the model has no character map: extra spaces, the space at the start, ▁ for a space.</summary>
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
        if (removeExtraSpaces) text = string.Join(' ', text.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        if (text.Length == 0) return text;
        if (addDummyPrefix) text = " " + text;
        return text.Replace(' ', space);
    }

    public override string NormalizeToken(string token) => token; // user-defined pieces are stored normalized
}
