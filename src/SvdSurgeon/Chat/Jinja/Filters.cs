using System.Globalization;

namespace SvdSurgeon.Chat.Jinja;

/// <summary>The filters of Jinja that chat templates use.</summary>
internal static class Filters
{
    /// <summary>The filter called <paramref name="name"/>; null where it is not supported.</summary>
    public static Filter? Find(string name) =>
        name switch
        {
            "trim" => (v, a) => Method(v, "strip", a),
            "upper" or "lower" or "title" or "capitalize" => (v, _) => Method(v, name, Arguments.None),
            "replace" => (v, a) =>
                TextMethods.Replace(
                    ValueText.Of(v),
                    Values.AsString(a.Require(0, "old")),
                    Values.AsString(a.Require(1, "new")),
                    a.Get(2, "count", null)
                ),
            "string" or "safe" or "escape" or "e" => (v, _) => name == "string" || v is string or null ? ValueText.Of(v) : v,
            "length" or "count" => (v, _) => Length(v),
            "default" or "d" => (v, a) =>
                v is Undefined || (Values.IsTrue(a.Get(1, "boolean", false)) && !Values.IsTrue(v)) ? a.Get(0, "default_value", "") : v,
            "first" => (v, _) => Values.Iterate(v).FirstOrDefault(new Undefined("the first of nothing")),
            "last" => (v, _) => Values.Iterate(v).LastOrDefault(new Undefined("the last of nothing")),
            "list" => (v, _) => Values.Iterate(v).ToList(),
            "join" => (v, a) => string.Join(ValueText.Of(a.Get(0, "d", "")), Mapped(v, a.Get(1, "attribute", null)).Select(ValueText.Of)),
            "tojson" => (v, a) =>
                ValueText.Json(v, a.Get(0, "indent", null) is { } indent ? (int)Math.Clamp(Values.AsInteger(indent), 0, 16) : null),
            "int" => (v, a) => Integer(v, a),
            "float" => (v, _) => Values.AsNumber(v) ?? double.Parse(Values.AsString(v), CultureInfo.InvariantCulture),
            "abs" => (v, _) => v is double number ? (object)Math.Abs(number) : Math.Abs(Values.AsInteger(v)),
            "round" => (v, a) =>
                Math.Round(
                    Values.AsNumber(v) ?? throw new TemplateException("'round' needs a number"),
                    (int)Math.Clamp(Values.AsInteger(a.Get(0, "precision", 0L)), 0, 15)
                ),
            "items" => (v, _) => v is Undefined ? new List<object?>() : ((Callable)Members.Attribute(v, "items")!)(Arguments.None),
            "dictsort" => (v, _) => Sorted(Values.Iterate(((Callable)Members.Attribute(v, "items")!)(Arguments.None)), null, false),
            "reverse" => (v, _) => v is string text ? new string([.. text.Reverse()]) : Values.Iterate(v).Reverse().ToList(),
            "sort" => (v, a) => Sorted(Mapped(v, null), a.Get(2, "attribute", null), Values.IsTrue(a.Get(0, "reverse", false))),
            "unique" => (v, _) => Unique(v),
            "sum" => (v, a) =>
                Mapped(v, a.Get(0, "attribute", null)).Aggregate((object?)0L, (sum, item) => Values.Calculate("+", sum, item)),
            "min" => (v, _) => Sorted(Values.Iterate(v), null, false).FirstOrDefault(new Undefined("the least of nothing")),
            "max" => (v, _) => Sorted(Values.Iterate(v), null, true).FirstOrDefault(new Undefined("the greatest of nothing")),
            "indent" => Indent,
            "map" => Map,
            "select" or "reject" => (v, a) => Selected(v, a, name == "select", attribute: false),
            "selectattr" or "rejectattr" => (v, a) => Selected(v, a, name == "selectattr", attribute: true),
            _ => null,
        };

    private static object? Method(object? value, string name, Arguments arguments) =>
        TextMethods.Find(ValueText.Of(value), name)!(arguments);

    private static object Length(object? value) =>
        value switch
        {
            string text => (long)text.Length,
            _ => (long)Values.Iterate(value).Count(),
        };

    private static object Integer(object? value, Arguments arguments) =>
        value switch
        {
            double number => (long)Math.Truncate(number),
            string text => long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
                ? number
                : Values.AsInteger(arguments.Get(0, "default", 0L)),
            _ => Values.AsInteger(value),
        };

    // The items, or an attribute of each, which may be a path with points.
    private static IEnumerable<object?> Mapped(object? value, object? attribute) =>
        attribute is null ? Values.Iterate(value) : Values.Iterate(value).Select(item => Path(item, attribute));

    private static object? Path(object? item, object? attribute) =>
        attribute is string path ? path.Split('.').Aggregate(item, (of, name) => Members.Item(of, name)) : Members.Item(item, attribute);

    private static List<object?> Sorted(IEnumerable<object?> items, object? attribute, bool reverse)
    {
        var order = Comparer<object?>.Create((a, b) => Values.Order(a, b));
        Func<object?, object?> key = item => attribute is null ? item : Path(item, attribute);
        return [.. reverse ? items.OrderByDescending(key, order) : items.OrderBy(key, order)];
    }

    private static object Unique(object? value)
    {
        var seen = new List<object?>();
        foreach (object? item in Values.Iterate(value))
            if (!seen.Exists(other => Values.AreEqual(other, item)))
                seen.Add(item);
        return seen;
    }

    private static object? Indent(object? value, Arguments arguments)
    {
        string blanks = arguments.Get(0, "width", 4L) is string given
            ? given
            : new string(' ', (int)Math.Clamp(Values.AsInteger(arguments.Get(0, "width", 4L)), 0, 64));
        string[] lines = ValueText.Of(value).Split('\n');
        bool first = Values.IsTrue(arguments.Get(1, "first", false)),
            blank = Values.IsTrue(arguments.Get(2, "blank", false));
        return string.Join('\n', lines.Select((line, i) => (i > 0 || first) && (line.Length > 0 || blank) ? blanks + line : line));
    }

    private static object? Map(object? value, Arguments arguments)
    {
        if (arguments.Named.TryGetValue("attribute", out object? attribute))
        {
            bool hasDefault = arguments.Named.TryGetValue("default", out object? otherwise);
            return Mapped(value, attribute).Select(item => item is Undefined && hasDefault ? otherwise : item).ToList();
        }
        string name = Values.AsString(arguments.Require(0, "filter"));
        var filter = Find(name) ?? throw new TemplateException($"the filter '{name}' is not supported");
        var rest = new Arguments([.. arguments.Positional.Skip(1)], arguments.Named);
        return Values.Iterate(value).Select(item => filter(item, rest)).ToList();
    }

    private static object? Selected(object? value, Arguments arguments, bool wanted, bool attribute)
    {
        int at = attribute ? 1 : 0;
        object? path = attribute ? arguments.Require(0, "attribute") : null;
        Test test = (item, _) => Values.IsTrue(item);
        if (arguments.Positional.Count > at)
        {
            string name = Values.AsString(arguments.Positional[at]);
            test = Tests.Find(name) ?? throw new TemplateException($"the test '{name}' is not supported");
        }
        var rest = new Arguments([.. arguments.Positional.Skip(at + 1)], arguments.Named);
        return Values.Iterate(value).Where(item => test(path is null ? item : Path(item, path), rest) == wanted).ToList();
    }
}
