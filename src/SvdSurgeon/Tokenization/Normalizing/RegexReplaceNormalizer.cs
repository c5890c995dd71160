using System.Text.RegularExpressions;

namespace SvdSurgeon.Tokenization.Normalizing;

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
