using System.Buffers;
using System.Globalization;
using System.Text;

namespace SvdSurgeon.Tokenization;

/// <summary>Finds added tokens in a text: the leftmost first, and of those that start at the same place the longest.</summary>
internal sealed class AddedTokenFinder
{
    private readonly SearchValues<char> _firstCharacters;
    private readonly Dictionary<char, (string Text, AddedToken Token)[]> _byFirstCharacter;

    /// <param name="tokens">The tokens with the text to look for (which may be normalized); empty texts are never found.</param>
    public AddedTokenFinder(IEnumerable<(string Text, AddedToken Token)> tokens)
    {
        _byFirstCharacter = tokens
            .Where(entry => entry.Text.Length > 0)
            .GroupBy(entry => entry.Text[0])
            .ToDictionary(group => group.Key, group => group.OrderByDescending(entry => entry.Text.Length).ToArray());
        _firstCharacters = SearchValues.Create([.. _byFirstCharacter.Keys]);
    }

    public bool IsEmpty => _byFirstCharacter.Count == 0;

    /// <summary>
    /// Finds the next token from <paramref name="start"/> on; the text before <paramref name="start"/> is looked at, but belongs to others.
    /// </summary>
    /// <param name="text">The whole text.</param>
    /// <param name="start">Where the text begins that is not used up.</param>
    /// <param name="from">First index that the token covers, whitespace that belongs to it included; the text's length where there is
    /// none.</param>
    /// <param name="end">Index after the token; the text's length where there is none.</param>
    public AddedToken? Find(ReadOnlySpan<char> text, int start, out int from, out int end)
    {
        from = end = text.Length;
        for (var at = start; at < text.Length; at++)
        {
            var skip = text[at..].IndexOfAny(_firstCharacters);
            if (skip < 0)
                return null;
            at += skip;
            foreach (var (content, token) in _byFirstCharacter[text[at]])
            {
                if (!text[at..].StartsWith(content, StringComparison.Ordinal))
                    continue;
                var after = at + content.Length;
                if (token.SingleWord && (EndsInWord(text[..at]) || StartsWithWord(text[after..])))
                {
                    at = after - 1; // matches do not overlap, even those that do not count
                    break;
                }
                (from, end) = (at, after);
                if (token.StripLeft)
                    from = Math.Max(start, text[..at].TrimEnd().Length);
                if (token.StripRight)
                    end = text.Length - text[end..].TrimStart().Length;
                return token;
            }
        }
        return null;
    }

    private static bool EndsInWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWord(rune);

    private static bool StartsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWord(rune);

    private static bool IsWord(Rune rune) =>
        Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.ConnectorPunctuation
                or UnicodeCategory.LetterNumber
                or UnicodeCategory.NonSpacingMark
                or UnicodeCategory.SpacingCombiningMark
                or UnicodeCategory.EnclosingMark;
}
