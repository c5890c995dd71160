using System.Globalization;
using System.Text;

namespace SvdSurgeon.Chat.Jinja;

/// <summary>Values as text: as Python prints them, and as transformers' <c>tojson</c> does.</summary>
internal static class ValueText
{
    /// <summary>What <c>{{ value }}</c> prints.</summary>
    public static string Of(object? value) => value as string ?? (value is Undefined ? "" : Literal(value));

    /// <summary>A value as Python would write it down: strings in quotes.</summary>
    public static string Literal(object? value) =>
        value switch
        {
            null => "None",
            bool flag => flag ? "True" : "False",
            long number => number.ToString(CultureInfo.InvariantCulture),
            double number => Number(number),
            string text => Quoted(text),
            List<object?> list => $"[{string.Join(", ", list.Select(Literal))}]",
            OrderedDictionary<object, object?> map => $"{{{string.Join(", ", map.Select(e => $"{Literal(e.Key)}: {Literal(e.Value)}"))}}}",
            Undefined => "Undefined",
            _ => throw new TemplateException($"{Values.TypeName(value)} cannot be printed"),
        };

    /// <summary>A value as JSON: <c>", "</c> and <c>": "</c> between the parts, letters of every alphabet as they are.</summary>
    /// <param name="value">The value.</param>
    /// <param name="indent">Blanks per level; null for one line.</param>
    public static string Json(object? value, int? indent)
    {
        var text = new StringBuilder();
        Json(value, indent, 0, text);
        return text.ToString();
    }

    private static void Json(object? value, int? indent, int level, StringBuilder text)
    {
        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case bool flag:
                text.Append(flag ? "true" : "false");
                break;
            case string letters:
                Escaped(letters, text);
                break;
            case long or double:
                text.Append(Literal(value));
                break;
            case List<object?> list:
                Parts('[', ']', list, indent, level, text, item => Json(item, indent, level + 1, text));
                break;
            case OrderedDictionary<object, object?> map:
                Parts(
                    '{',
                    '}',
                    map.Keys,
                    indent,
                    level,
                    text,
                    key =>
                    {
                        Escaped(Of(key), text);
                        text.Append(": ");
                        Json(map[key], indent, level + 1, text);
                    }
                );
                break;
            case Undefined undefined:
                throw undefined.Error();
            default:
                throw new TemplateException($"{Values.TypeName(value)} cannot be written as JSON");
        }
    }

    private static void Parts<T>(
        char open,
        char close,
        IReadOnlyCollection<T> parts,
        int? indent,
        int level,
        StringBuilder text,
        Action<T> write
    )
    {
        text.Append(open);
        bool first = true;
        foreach (var part in parts)
        {
            if (!first)
                text.Append(indent is null ? ", " : ",");
            first = false;
            if (indent is { } blanks)
                text.Append('\n').Append(' ', blanks * (level + 1));
            write(part);
        }
        if (indent is { } outer && parts.Count > 0)
            text.Append('\n').Append(' ', outer * level);
        text.Append(close);
    }

    private static void Escaped(string letters, StringBuilder text)
    {
        text.Append('"');
        foreach (char c in letters)
            text.Append(
                c switch
                {
                    '"' => "\\\"",
                    '\\' => "\\\\",
                    '\n' => "\\n",
                    '\r' => "\\r",
                    '\t' => "\\t",
                    '\b' => "\\b",
                    '\f' => "\\f",
                    < ' ' => $"\\u{(int)c:x4}",
                    _ => c.ToString(),
                }
            );
        text.Append('"');
    }

    private static string Number(double number)
    {
        string text = number.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().ContainsAny(".eEn∞") || !double.IsFinite(number) ? text.ToLowerInvariant() : text + ".0";
    }

    private static string Quoted(string text)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        var quoted = new StringBuilder().Append(quote);
        foreach (char c in text)
            quoted.Append(
                c switch
                {
                    '\\' => "\\\\",
                    '\n' => "\\n",
                    '\r' => "\\r",
                    '\t' => "\\t",
                    _ when c == quote => $"\\{c}",
                    _ => c.ToString(),
                }
            );
        return quoted.Append(quote).ToString();
    }
}
