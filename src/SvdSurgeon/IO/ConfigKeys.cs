using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SvdSurgeon.IO;

/// <summary>Typed access to the keys of a JSON object, with errors that name file and key.</summary>
internal sealed class ConfigKeys(JsonObject json, string file, string prefix = "")
{
    public string File => file;

    /// <summary>True where the key is there and not null.</summary>
    public bool Has(string key) => json[key] is not null;

    /// <summary>True where the key is there and null.</summary>
    public bool IsNull(string key) => json.ContainsKey(key) && json[key] is null;

    public string Text(string key, string otherwise) =>
        json[key] switch
        {
            null => otherwise,
            JsonValue value when value.TryGetValue(out string? text) => text,
            _ => throw Wrong(key, "a string"),
        };

    public bool Flag(string key, bool otherwise) =>
        json[key] switch
        {
            null => otherwise,
            JsonValue value when value.TryGetValue(out bool flag) => flag,
            _ => throw Wrong(key, "true or false"),
        };

    public JsonObject? Object(string key) =>
        json[key] switch
        {
            null => null,
            JsonObject value => value,
            _ => throw Wrong(key, "an object"),
        };

    public JsonArray? Array(string key) =>
        json[key] switch
        {
            null => null,
            JsonArray value => value,
            _ => throw Wrong(key, "an array"),
        };

    public int Positive(string key) => Has(key) ? Integer(key, 1) : throw Missing(key);

    public int Positive(string key, int otherwise) => Has(key) ? Integer(key, 1) : otherwise;

    public int NotNegative(string key, int otherwise) => Has(key) ? Integer(key, 0) : otherwise;

    public double PositiveNumber(string key) => Has(key) ? PositiveNumber(key, 0) : throw Missing(key);

    public double PositiveNumber(string key, double otherwise)
    {
        if (json[key] is not { } node)
            return otherwise;
        if (AsNumber(node) is { } number && number > 0 && double.IsFinite(number))
            return number;
        throw Wrong(key, "a positive number");
    }

    /// <summary>A token id; null in the file means that there is none (−1).</summary>
    public int TokenId(string key, int otherwise) => TokenIds(key, otherwise) is [int first, ..] ? first : -1;

    public IReadOnlyList<int> TokenIds(string key, int otherwise)
    {
        if (IsNull(key))
            return [];
        return json[key] switch
        {
            null => otherwise < 0 ? [] : [otherwise],
            JsonArray many => [.. many.Select(one => AsInteger(key, one, 0))],
            _ => [Integer(key, 0)],
        };
    }

    /// <summary>Makes sure that <paramref name="divisor"/> divides <paramref name="value"/>.</summary>
    public void Divides(string divisorKey, int divisor, string key, int value)
    {
        if (value % divisor != 0)
            throw new InvalidModelException($"{file}: {prefix}{key} is {value}, which is no multiple of {prefix}{divisorKey} ({divisor}).");
    }

    /// <summary>The sentence for something that exists but is not supported.</summary>
    public InvalidModelException Refuse(string key, string value, string supported, string what) =>
        new($"{what} '{value}' ({file}, {prefix}{key}) is not supported. Supported: {supported}.");

    private int Integer(string key, int least) => AsInteger(key, json[key], least);

    private int AsInteger(string key, JsonNode? node, int least)
    {
        // some writers put whole numbers as 64.0
        if (AsNumber(node) is { } number && number == Math.Floor(number) && number >= least && number <= int.MaxValue)
            return (int)number;
        throw Wrong(key, least > 0 ? "a positive integer" : "an integer that is not negative");
    }

    // A value that was read and one that was created in code hold different types; their text is the same.
    private static double? AsNumber(JsonNode? node) =>
        node?.GetValueKind() == JsonValueKind.Number
            ? double.Parse(node.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture)
            : null;

    private InvalidModelException Wrong(string key, string expected) =>
        new($"{file}: '{prefix}{key}' is {json[key]?.ToJsonString() ?? "null"}, expected {expected}.");

    private InvalidModelException Missing(string key) =>
        new($"{file}: '{prefix}{key}' is missing. The file is incomplete; fetch it again.");
}
