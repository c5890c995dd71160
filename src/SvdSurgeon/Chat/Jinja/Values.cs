namespace SvdSurgeon.Chat.Jinja;

/// <summary>
/// What templates compute with, as Python does: null is none; bool, long, double, string; lists; ordered dictionaries;
/// <see cref="Undefined"/>, <see cref="Namespace"/>, <see cref="Callable"/>.
/// </summary>
internal static class Values
{
    // Items or characters that a repetition may make.
    private const long Most = 1 << 20;

    /// <summary>Python's truth of a value: what is empty, zero or none is false.</summary>
    public static bool IsTrue(object? value) =>
        value switch
        {
            null or Undefined => false,
            bool flag => flag,
            long number => number != 0,
            double number => number != 0,
            string text => text.Length > 0,
            List<object?> list => list.Count > 0,
            OrderedDictionary<object, object?> map => map.Count > 0,
            _ => true,
        };

    /// <summary>Python's name of a value's type, for messages.</summary>
    public static string TypeName(object? value) =>
        value switch
        {
            null => "none",
            bool => "a boolean",
            long or double => "a number",
            string => "a string",
            List<object?> => "a list",
            OrderedDictionary<object, object?> => "a mapping",
            Callable => "a function",
            Undefined => "something undefined",
            _ => "a namespace",
        };

    /// <summary>The items of a list, the characters of a string, the keys of a mapping; nothing of what is undefined.</summary>
    /// <exception cref="TemplateException">The value has no items.</exception>
    public static IEnumerable<object?> Iterate(object? value) =>
        value switch
        {
            List<object?> list => list,
            string text => text.Select(c => (object?)c.ToString()),
            OrderedDictionary<object, object?> map => map.Keys,
            Undefined => [],
            _ => throw new TemplateException($"{TypeName(value)} has no items"),
        };

    /// <summary>Python's equality: numbers by value, lists and mappings by their items.</summary>
    public static bool AreEqual(object? a, object? b) =>
        (a, b) switch
        {
            (null, null) => true,
            (Undefined, Undefined) => true,
            (string x, string y) => x == y,
            (List<object?> x, List<object?> y) => x.Count == y.Count && x.Zip(y).All(pair => AreEqual(pair.First, pair.Second)),
            (OrderedDictionary<object, object?> x, OrderedDictionary<object, object?> y) => x.Count == y.Count
                && x.All(entry => y.TryGetValue(entry.Key, out object? other) && AreEqual(entry.Value, other)),
            _ when AsNumber(a) is { } x && AsNumber(b) is { } y => x == y,
            _ => a is not null && ReferenceEquals(a, b),
        };

    /// <summary>A comparison: ==, !=, &lt;, &lt;=, &gt;, &gt;=, in, not in.</summary>
    /// <exception cref="TemplateException">The values cannot be compared.</exception>
    public static bool Compare(string op, object? a, object? b) =>
        op switch
        {
            "==" => AreEqual(a, b),
            "!=" => !AreEqual(a, b),
            "in" => Contains(b, a),
            "not in" => !Contains(b, a),
            "<" => Order(a, b) < 0,
            "<=" => Order(a, b) <= 0,
            ">" => Order(a, b) > 0,
            _ => Order(a, b) >= 0,
        };

    /// <summary>Which of two numbers, strings or lists comes first.</summary>
    /// <exception cref="TemplateException">The values have no order.</exception>
    public static int Order(object? a, object? b)
    {
        if (a is string x && b is string y)
            return string.CompareOrdinal(x, y);
        if (AsNumber(a) is { } m && AsNumber(b) is { } n)
            return m.CompareTo(n);
        if (a is not List<object?> list || b is not List<object?> other)
            throw Mismatch("<", a, b);
        foreach (var (first, second) in list.Zip(other))
            if (!AreEqual(first, second))
                return Order(first, second);
        return list.Count.CompareTo(other.Count);
    }

    /// <summary>a op b for +, -, *, /, //, %, **, ~.</summary>
    /// <exception cref="TemplateException">The operation is not defined for these values.</exception>
    public static object? Calculate(string op, object? a, object? b)
    {
        if (op == "~")
            return ValueText.Of(a) + ValueText.Of(b);
        switch (op, a, b)
        {
            case ("+", string x, string y):
                return x + y;
            case ("+", List<object?> x, List<object?> y):
                return (List<object?>)[.. x, .. y];
            case ("*", string x, long n):
                return Repeat(x, n);
            case ("*", long n, string x):
                return Repeat(x, n);
            case ("*", List<object?> x, long n):
                return Enumerable.Repeat(x, (int)Math.Clamp(n, 0, Most / Math.Max(1, x.Count))).SelectMany(items => items).ToList();
        }
        if (AsNumber(a) is null || AsNumber(b) is null)
            throw Mismatch(op, a, b);
        if (a is not double && b is not double && op is not ("/" or "**"))
            return Whole(op, AsInteger(a), AsInteger(b));
        double left = AsNumber(a)!.Value,
            right = AsNumber(b)!.Value;
        if (right == 0 && op is "/" or "//" or "%")
            throw new TemplateException("it divides by zero");
        double result = op switch
        {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "/" => left / right,
            "//" => Math.Floor(left / right),
            "%" => left - right * Math.Floor(left / right),
            _ => Math.Pow(left, right),
        };
        return op == "**" && a is not double && b is long and >= 0 && Math.Abs(result) < 1L << 53 ? (object)(long)result : result;
    }

    /// <summary>A number or a truth as a double; null for anything else.</summary>
    public static double? AsNumber(object? value) =>
        value switch
        {
            long number => number,
            double number => number,
            bool flag => flag ? 1 : 0,
            _ => null,
        };

    /// <summary>A whole number.</summary>
    /// <exception cref="TemplateException">It is none.</exception>
    public static long AsInteger(object? value) =>
        value switch
        {
            long number => number,
            bool flag => flag ? 1 : 0,
            _ => throw new TemplateException($"a whole number is expected, not {TypeName(value)}"),
        };

    /// <summary>A string.</summary>
    /// <exception cref="TemplateException">It is none.</exception>
    public static string AsString(object? value) =>
        value switch
        {
            string text => text,
            Undefined undefined => throw undefined.Error(),
            _ => throw new TemplateException($"a string is expected, not {TypeName(value)}"),
        };

    private static string Repeat(string text, long count) =>
        string.Concat(Enumerable.Repeat(text, (int)Math.Clamp(count, 0, Most / Math.Max(1, text.Length))));

    private static object Whole(string op, long a, long b)
    {
        if (b == 0 && op is "//" or "%")
            throw new TemplateException("it divides by zero");
        return op switch
        {
            "+" => unchecked(a + b),
            "-" => unchecked(a - b),
            "*" => unchecked(a * b),
            "//" => (long)Math.Floor((decimal)a / b),
            _ => (long)(a - b * Math.Floor((decimal)a / b)),
        };
    }

    private static bool Contains(object? container, object? item) =>
        container switch
        {
            string text => text.Contains(AsString(item), StringComparison.Ordinal),
            OrderedDictionary<object, object?> map => item is not null && map.ContainsKey(item),
            List<object?> list => list.Exists(other => AreEqual(other, item)),
            Undefined undefined => throw undefined.Error(),
            _ => throw new TemplateException($"{TypeName(container)} has no items"),
        };

    private static TemplateException Mismatch(string op, object? a, object? b) =>
        a is Undefined x ? x.Error()
        : b is Undefined y ? y.Error()
        : new TemplateException($"'{op}' is not defined for {TypeName(a)} and {TypeName(b)}");
}
