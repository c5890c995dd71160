using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SvdSurgeon.IO;

/// <summary>
/// Typed access to the keys of a JSON object that a person may have written: a wrong value or an unknown key is an error that names file
/// and key, and the known key that is nearest to it.
/// </summary>
internal sealed class StrictObject(JsonObject json, string file, string prefix = "")
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    /// <summary>True where the key is there and not null.</summary>
    public bool Has(string key) => Value(key) is not null;

    /// <exception cref="InvalidInputException">The key is missing or no string.</exception>
    public string Text(string key) => OptionalText(key) ?? throw Missing(key);

    public string? OptionalText(string key) =>
        Value(key) switch
        {
            null => null,
            JsonValue value when value.TryGetValue(out string? text) => text,
            _ => throw Wrong(key, "a string"),
        };

    public bool Flag(string key, bool otherwise) =>
        Value(key) switch
        {
            null => otherwise,
            JsonValue value when value.TryGetValue(out bool flag) => flag,
            _ => throw Wrong(key, "true or false"),
        };

    public int Integer(string key, int otherwise) => OptionalInteger(key) ?? otherwise;

    public int? OptionalInteger(string key) =>
        Value(key) is not { } node ? null
        : int.TryParse(Digits(node), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number
        : throw Wrong(key, "a whole number");

    public ulong Unsigned(string key, ulong otherwise) =>
        Value(key) is not { } node ? otherwise
        : ulong.TryParse(Digits(node), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number
        : throw Wrong(key, "a whole number that is not negative");

    public double Number(string key, double otherwise) => OptionalNumber(key) ?? otherwise;

    public double? OptionalNumber(string key) => Value(key) is { } node ? Number(key, node) : null;

    public IReadOnlyList<double> Numbers(string key) =>
        Value(key) switch
        {
            null => [],
            JsonArray numbers => [.. numbers.Select(node => Number(key, node))],
            _ => throw Wrong(key, "an array of numbers"),
        };

    /// <summary>One of several names, as it was given; null where the key is missing, null or "none" and that is none of them.</summary>
    public string? Named(string key, IEnumerable<string> names)
    {
        if (OptionalText(key) is not { Length: > 0 } name)
            return null;
        if (names.Contains(name, StringComparer.OrdinalIgnoreCase))
            return name;
        return name == "none" ? null : throw Wrong(key, "one of " + string.Join(", ", names));
    }

    public StrictObject? Object(string key) =>
        Value(key) switch
        {
            null => null,
            JsonObject value => new StrictObject(value, file, $"{prefix}{key}."),
            _ => throw Wrong(key, "an object"),
        };

    public IReadOnlyList<StrictObject> Objects(string key)
    {
        if (Value(key) is not { } node)
            return [];
        if (node is not JsonArray array)
            throw Wrong(key, "an array of objects");
        return
        [
            .. array.Select(
                (item, i) =>
                    item is JsonObject value
                        ? new StrictObject(value, file, $"{prefix}{key}[{i}].")
                        : throw Wrong(key, "an array of objects")
            ),
        ];
    }

    /// <summary>To be called when everything was read: refuses what nobody asked for.</summary>
    /// <exception cref="InvalidInputException">There is a key that is not known.</exception>
    public void RequireNothingElse()
    {
        foreach (var (key, _) in json)
            if (!_known.Contains(key))
                throw new InvalidInputException(
                    $"{file}: the key '{prefix}{key}' is unknown. Did you mean "
                        + $"'{_known.OrderBy(known => Distance(key, known)).ThenBy(known => known, StringComparer.Ordinal).First()}'?"
                );
    }

    public InvalidInputException Missing(string key) => new($"{file}: the key '{prefix}{key}' is missing.");

    private JsonNode? Value(string key)
    {
        _known.Add(key);
        return json[key];
    }

    private double Number(string key, JsonNode? node) =>
        Digits(node) is { } text
        && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
        && double.IsFinite(number)
            ? number
            : throw Wrong(key, "a number");

    // A value that was read and one that was created in code hold different types; their text is the same.
    private static string? Digits(JsonNode? node) => node?.GetValueKind() == JsonValueKind.Number ? node.ToJsonString() : null;

    private InvalidInputException Wrong(string key, string expected) =>
        new($"{file}: '{prefix}{key}' is {json[key]?.ToJsonString() ?? "null"}, expected {expected}.");

    // Levenshtein: insertions, deletions and replacements that make one name of the other.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.Length];
    }
}
