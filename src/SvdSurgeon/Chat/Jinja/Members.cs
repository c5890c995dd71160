namespace SvdSurgeon.Chat.Jinja;

/// <summary>Attributes, items and slices of values.</summary>
internal static class Members
{
    /// <summary><c>value.name</c>: a method first, then an item.</summary>
    /// <exception cref="TemplateException">The value is undefined.</exception>
    public static object? Attribute(object? value, string name) =>
        value switch
        {
            Undefined undefined => throw undefined.Error(),
            Namespace space => space.Values.TryGetValue(name, out object? found) ? found : Missing(name),
            string text => (object?)TextMethods.Find(text, name) ?? Missing(name),
            OrderedDictionary<object, object?> map => MapMethod(map, name)
                ?? (map.TryGetValue(name, out object? found) ? found : Missing(name)),
            _ => Missing(name),
        };

    /// <summary><c>value[key]</c>: an item first, then a method.</summary>
    /// <exception cref="TemplateException">The value is undefined.</exception>
    public static object? Item(object? value, object? key)
    {
        switch (value)
        {
            case Undefined undefined:
                throw undefined.Error();
            case OrderedDictionary<object, object?> map:
                return key is not null && map.TryGetValue(key, out object? found) ? found
                    : key is string name && MapMethod(map, name) is { } method ? method
                    : Missing(ValueText.Of(key));
            case List<object?> list when key is long at:
                return Index(at, list.Count) is { } i ? list[i] : Missing($"item {at}");
            case string text when key is long at:
                return Index(at, text.Length) is { } j ? text[j].ToString() : Missing($"item {at}");
            default:
                return key is string attribute ? Attribute(value, attribute) : Missing(ValueText.Of(key));
        }
    }

    /// <summary><c>value[start:stop:step]</c> of a list or a string.</summary>
    /// <exception cref="TemplateException">The value has no parts, or the step is 0.</exception>
    public static object? Slice(object? value, object? start, object? stop, object? step)
    {
        long by = step is null ? 1 : Values.AsInteger(step);
        if (by == 0)
            throw new TemplateException("the step of a slice is 0");
        if (value is Undefined undefined)
            throw undefined.Error();
        if (value is not (string or List<object?>))
            throw new TemplateException($"{Values.TypeName(value)} has no parts");
        int count = value is string letters ? letters.Length : ((List<object?>)value).Count;
        long from = Bound(start, by > 0 ? 0 : count - 1, by, count),
            to = Bound(stop, by > 0 ? count : -1, by, count);
        var indices = new List<int>();
        for (long i = from; by > 0 ? i < to : i > to; i += by)
            indices.Add((int)i);
        return value is string text ? string.Concat(indices.Select(i => text[i])) : indices.Select(i => ((List<object?>)value)[i]).ToList();
    }

    private static long Bound(object? given, long otherwise, long step, int count)
    {
        if (given is null)
            return otherwise;
        long at = Values.AsInteger(given);
        if (at < 0)
            at += count;
        return step > 0 ? Math.Clamp(at, 0, count) : Math.Clamp(at, -1, count - 1);
    }

    private static int? Index(long at, int count) => (at < 0 ? at + count : at) is >= 0 and var i && i < count ? (int)i : null;

    private static Undefined Missing(string name) => new($"'{name}'");

    private static Callable? MapMethod(OrderedDictionary<object, object?> map, string name) =>
        name switch
        {
            "items" => _ => map.Select(entry => (object?)new List<object?> { entry.Key, entry.Value }).ToList(),
            "keys" => _ => map.Keys.Select(key => (object?)key).ToList(),
            "values" => _ => map.Values.ToList(),
            "get" => arguments =>
                arguments.Require(0, "key") is { } key && map.TryGetValue(key, out object? value)
                    ? value
                    : arguments.Get(1, "default", null),
            _ => null,
        };
}
