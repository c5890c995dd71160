using System.Text;
using System.Text.RegularExpressions;

namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>
/// An expression written for Oniguruma, which tokenizer.json files are written for, run by .NET. The languages differ in possessive
/// quantifiers (a++ is (?&gt;a+) here), negated properties, sets within sets, and characters beyond U+FFFF, which are one character there
/// and two units here.
/// </summary>
internal sealed class OnigurumaPattern
{
    private readonly Regex _regex;
    private readonly PatternAlphabet _alphabet;

    /// <param name="pattern">The expression, or a plain text.</param>
    /// <param name="isRegex">It is an expression.</param>
    /// <param name="file">For messages.</param>
    /// <exception cref="InvalidModelException">The expression uses what .NET does not have.</exception>
    public OnigurumaPattern(string pattern, bool isRegex, string file)
    {
        (Original, IsRegex) = (pattern, isRegex);
        try
        {
            var parts = isRegex ? PatternReader.Read(pattern) : [.. pattern.EnumerateRunes().Select(rune => PatternPart.Of(rune.Value))];
            _alphabet = new PatternAlphabet(
                parts.Where(part => part.Set is not null).SelectMany(part => part.Set!.All()).SelectMany(set => set.Ranges)
            );
            _regex = new Regex(Expression(parts), RegexOptions.CultureInvariant | RegexOptions.Multiline);
        }
        catch (ArgumentException error)
        {
            throw new InvalidModelException($"{file}: the pattern '{pattern}' cannot be used here: {error.Message}", error);
        }
    }

    /// <summary>The expression as the file has it.</summary>
    public string Original { get; }

    /// <summary>Whether it is an expression, or a plain text.</summary>
    public bool IsRegex { get; }

    /// <summary>Where it matches, without empty matches, as half-open ranges of UTF-16 units.</summary>
    public List<(int Start, int End)> Matches(ReadOnlySpan<char> text)
    {
        var found = new List<(int, int)>();
        var searched = _alphabet.Searched(text, out var offsets);
        foreach (var match in _regex.EnumerateMatches(searched))
        {
            if (match.Length == 0)
                continue;
            var end = match.Index + match.Length;
            found.Add(offsets is null ? (match.Index, end) : (offsets[match.Index], offsets[end]));
        }
        return found;
    }

    private string Expression(IReadOnlyList<PatternPart> parts)
    {
        var result = new StringBuilder();
        var groups = new Stack<int>();
        var atom = 0;
        foreach (var part in parts)
            switch (part.Kind)
            {
                case PatternPartKind.Open:
                    groups.Push(result.Length);
                    result.Append(part.Text);
                    break;
                case PatternPartKind.Close:
                    if (groups.Count == 0)
                        throw new ArgumentException("there is a ) too many.");
                    atom = groups.Pop();
                    result.Append(')');
                    break;
                case PatternPartKind.Quantifier:
                    result.Append(part.Text);
                    break;
                case PatternPartKind.PossessiveQuantifier:
                    result.Append(part.Text);
                    result.Insert(atom, "(?>").Append(')');
                    break;
                default:
                    atom = result.Length;
                    result.Append(part.Set?.ToExpression(_alphabet) ?? part.Text);
                    break;
            }
        return result.ToString();
    }
}
