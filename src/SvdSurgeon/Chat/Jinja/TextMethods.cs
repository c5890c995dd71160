using System.Globalization;

namespace SvdSurgeon.Chat.Jinja;

/// <summary>Python's methods of strings that templates use.</summary>
internal static class TextMethods
{
    /// <summary>The method called <paramref name="name"/> of <paramref name="text"/>; null where there is none.</summary>
    public static Callable? Find(string text, string name) =>
        name switch
        {
            "strip" => a => Strip(text, a, true, true),
            "lstrip" => a => Strip(text, a, true, false),
            "rstrip" => a => Strip(text, a, false, true),
            "lower" => _ => text.ToLowerInvariant(),
            "upper" => _ => text.ToUpperInvariant(),
            "capitalize" => _ => Capitalized(text),
            "title" => _ => CultureInfo.InvariantCulture.TextInfo.ToTitleCase(text.ToLowerInvariant()),
            "startswith" => a => Affixes(a).Any(affix => text.StartsWith(affix, StringComparison.Ordinal)),
            "endswith" => a => Affixes(a).Any(affix => text.EndsWith(affix, StringComparison.Ordinal)),
            "find" => a => (long)text.IndexOf(First(a), StringComparison.Ordinal),
            "rfind" => a => (long)text.LastIndexOf(First(a), StringComparison.Ordinal),
            "count" => a => (long)(text.Split(First(a)).Length - 1),
            "split" => a => Split(text, a, fromEnd: false),
            "rsplit" => a => Split(text, a, fromEnd: true),
            "splitlines" => _ => Lines(text),
            "replace" => a => Replace(text, First(a), Values.AsString(a.Require(1, "new")), a.Get(2, "count", -1L)),
            "join" => a => string.Join(text, Values.Iterate(a.Require(0, "iterable")).Select(Values.AsString)),
            "removeprefix" => a => text.StartsWith(First(a), StringComparison.Ordinal) ? text[First(a).Length..] : text,
            "removesuffix" => a => text.EndsWith(First(a), StringComparison.Ordinal) ? text[..^First(a).Length] : text,
            "isdigit" => _ => text.Length > 0 && text.All(char.IsDigit),
            "isspace" => _ => text.Length > 0 && text.All(char.IsWhiteSpace),
            "isalpha" => _ => text.Length > 0 && text.All(char.IsLetter),
            "islower" => _ => text.Any(char.IsLetter) && text == text.ToLowerInvariant(),
            "isupper" => _ => text.Any(char.IsLetter) && text == text.ToUpperInvariant(),
            _ => null,
        };

    /// <summary>First letter large, the others small.</summary>
    public static string Capitalized(string text) =>
        text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    /// <summary>The first <paramref name="count"/> occurrences replaced; all where it is below 0.</summary>
    public static string Replace(string text, string old, string by, object? count)
    {
        long left = count is null ? -1 : Values.AsInteger(count);
        if (left < 0 && old.Length > 0)
            return text.Replace(old, by, StringComparison.Ordinal);
        if (old.Length == 0)
            throw new TemplateException("an empty string cannot be replaced");
        var parts = text.Split(old, (int)Math.Min(left, int.MaxValue - 1) + 1);
        return string.Join(by, parts);
    }

    private static string First(Arguments arguments) => Values.AsString(arguments.Require(0, "sub"));

    private static IEnumerable<string> Affixes(Arguments arguments) =>
        arguments.Require(0, "affix") is List<object?> several ? several.Select(Values.AsString) : [First(arguments)];

    private static string Strip(string text, Arguments arguments, bool start, bool end)
    {
        char[]? characters = arguments.Get(0, "chars", null) is { } given ? Values.AsString(given).ToCharArray() : null;
        if (start)
            text = text.TrimStart(characters);
        return end ? text.TrimEnd(characters) : text;
    }

    private static object Split(string text, Arguments arguments, bool fromEnd)
    {
        long most = arguments.Get(1, "maxsplit", -1L) is var given && given is null ? -1 : Values.AsInteger(given);
        if (arguments.Get(0, "sep", null) is not { } separator)
        {
            if (most >= 0)
                throw new TemplateException("'split' with a limit needs a separator");
            return text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(part => (object?)part).ToList();
        }
        string between = Values.AsString(separator);
        if (between.Length == 0)
            throw new TemplateException("the separator of 'split' is empty");
        string[] parts = text.Split(between);
        if (most >= 0 && most < parts.Length - 1)
        {
            int limit = (int)most;
            parts = fromEnd
                ? [string.Join(between, parts[..^limit]), .. parts[^limit..]]
                : [.. parts[..limit], string.Join(between, parts[limit..])];
        }
        return parts.Select(part => (object?)part).ToList();
    }

    private static object Lines(string text)
    {
        var lines = text.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n', '\r').Select(line => (object?)line).ToList();
        if (lines[^1] is "")
            lines.RemoveAt(lines.Count - 1);
        return lines;
    }
}
