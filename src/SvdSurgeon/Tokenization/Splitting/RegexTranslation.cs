using System.Text;
using System.Text.RegularExpressions;

namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>Makes a .NET regular expression of one written for Oniguruma, which tokenizer.json files are written for.</summary>
internal static class RegexTranslation
{
    /// <summary>Translates a pattern, or says why it cannot be.</summary>
    /// <exception cref="InvalidModelException">The pattern uses what .NET does not have.</exception>
    public static Regex Translate(string pattern, string file)
    {
        try
        {
            return new Regex(Rewrite(pattern), RegexOptions.CultureInvariant | RegexOptions.Multiline);
        }
        catch (ArgumentException error)
        {
            throw new InvalidModelException($"{file}: the pattern '{pattern}' cannot be used here: {error.Message}", error);
        }
    }

    // The languages differ in possessive quantifiers (a++ is (?>a+) here), negated properties and sets within sets.
    private static string Rewrite(string pattern)
    {
        if (pattern.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0)
            throw new ArgumentException("characters beyond U+FFFF are not supported in patterns.");
        var result = new StringBuilder(pattern.Length + 16);
        var groups = new Stack<int>();
        var atom = 0;
        for (var i = 0; i < pattern.Length; )
        {
            var start = i;
            switch (pattern[i])
            {
                case '\\':
                    i = EndOfEscape(pattern, i);
                    atom = result.Length;
                    result.Append(
                        pattern.AsSpan(start, i - start).StartsWith(@"\p{^") ? @"\P{" + pattern[(start + 4)..i] : pattern[start..i]
                    );
                    break;
                case '[':
                    i = EndOfSet(pattern, i);
                    atom = result.Length;
                    result.Append(pattern, start, i - start);
                    break;
                case '(':
                    groups.Push(result.Length);
                    i = pattern.AsSpan(i).StartsWith("(?") ? EndOfGroupStart(pattern, i) : i + 1;
                    result.Append(pattern, start, i - start);
                    if (pattern[i - 1] == ')')
                        atom = groups.Pop();
                    break;
                case ')':
                    if (groups.Count == 0)
                        throw new ArgumentException("there is a ) too many.");
                    atom = groups.Pop();
                    result.Append(pattern[i++]);
                    break;
                case '*' or '+' or '?' or '{':
                    i = pattern[i] == '{' ? pattern.IndexOf('}', i) + 1 : i + 1;
                    if (i == 0)
                        throw new ArgumentException("a { has no }.");
                    result.Append(pattern, start, i - start);
                    if (i >= pattern.Length)
                        break;
                    if (pattern[i] == '?')
                        result.Append(pattern[i++]);
                    else if (pattern[i] == '+' && pattern[start] != '{')
                    {
                        result.Insert(atom, "(?>").Append(')');
                        i++;
                    }
                    break;
                default:
                    atom = result.Length;
                    result.Append(pattern[i++]);
                    break;
            }
        }
        return result.ToString();
    }

    private static int EndOfEscape(string pattern, int start)
    {
        if (start + 1 >= pattern.Length)
            throw new ArgumentException("the pattern ends in a backslash.");
        if (pattern[start + 1] is 'h' or 'H' or 'R' or 'X' or 'K')
            throw new ArgumentException($"the escape \\{pattern[start + 1]} is not supported.");
        if (pattern[start + 1] is not ('p' or 'P'))
            return start + 2;
        var end = pattern.IndexOf('}', start);
        return end > 0 ? end + 1 : throw new ArgumentException("a \\p{ has no }.");
    }

    private static int EndOfSet(string pattern, int start)
    {
        var i = start + 1;
        if (i < pattern.Length && pattern[i] == '^')
            i++;
        for (var first = true; i < pattern.Length; first = false)
        {
            if (pattern[i] == ']' && !first)
                return i + 1;
            if (pattern[i] == '[' || pattern.AsSpan(i).StartsWith("&&"))
                throw new ArgumentException("sets within sets are not supported.");
            i = pattern[i] == '\\' ? EndOfEscape(pattern, i) : i + 1;
        }
        throw new ArgumentException("a [ has no ].");
    }

    private static int EndOfGroupStart(string pattern, int start)
    {
        var end =
            pattern.AsSpan(start).StartsWith("(?<=") || pattern.AsSpan(start).StartsWith("(?<!")
                ? start + 3
                : pattern.AsSpan(start).IndexOfAny([':', '=', '!', '>', ')']) + start;
        return end > start ? end + 1 : throw new ArgumentException("a ( has no ).");
    }
}
