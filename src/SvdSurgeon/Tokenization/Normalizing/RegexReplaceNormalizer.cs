using System.Text;
using SvdSurgeon.Tokenization.Splitting;

namespace SvdSurgeon.Tokenization.Normalizing;

/// <summary>Replaces what a regular expression matches by a string.</summary>
/// <param name="pattern">The expression.</param>
/// <param name="content">The replacement.</param>
internal sealed class RegexReplaceNormalizer(OnigurumaPattern pattern, string content) : TextNormalizer
{
    public string Original => pattern.Original;

    public string Content => content;

    public override string Normalize(string text)
    {
        var matches = pattern.Matches(text);
        if (matches.Count == 0)
            return text;
        var result = new StringBuilder(text.Length);
        var at = 0;
        foreach (var (start, end) in matches)
        {
            result.Append(text, at, start - at).Append(content);
            at = end;
        }
        return result.Append(text, at, text.Length - at).ToString();
    }
}
