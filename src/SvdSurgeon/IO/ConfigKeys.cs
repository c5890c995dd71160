using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SvdSurgeon.IO;

/// <summary>
/// Typed access to the keys of a JSON object, with errors that name file and key. It remembers what was asked for, so that no key passes
/// without a word: see <see cref="WarnOfUnread"/>.
/// </summary>
/// <param name="json">The object.</param>
/// <param name="file">Where it comes from, for messages.</param>
/// <param name="prefix">What stands before its keys in messages: "rope_parameters." for an object within the file's.</param>
/// <param name="warnings">Gets sentences that the user should read; null where nobody does.</param>
internal sealed class ConfigKeys(JsonObject json, string file, string prefix = "", ICollection<string>? warnings = null)
{
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private readonly List<ConfigKeys> _sections = [];

    /// <summary>Where the object comes from.</summary>
    public string File => file;

    /// <summary>More layers than these no configuration is believed to have: what the weight files can hold at most.</summary>
    public int MostLayers { get; init; } = int.MaxValue;

    /// <summary>
    /// Layers that weight files of so many tensors can hold: each has one at least. A thousand layers cost nothing and are checked later.
    /// </summary>
    public static int MostLayersOf(int tensors) => Math.Max(tensors, 1000);

    /// <summary>True where the key is there and not null.</summary>
    public bool Has(string key) => Node(key) is not null;

    /// <summary>True where the key is there and null.</summary>
    public bool IsNull(string key) => Node(key) is null && json.ContainsKey(key);

    /// <summary>The key as messages name it, with what stands before it.</summary>
    public string Name(string key) => prefix + key;

    /// <summary>Tells the user something that is no error.</summary>
    public void Warn(string sentence) => warnings?.Add(sentence);

    /// <summary>
    /// To be called when everything was read: names the keys that nobody asked for and that are not known to be without effect.
    /// </summary>
    public void WarnOfUnread()
    {
        foreach (string key in Unread())
            Warn(
                $"{file}: the key '{key}' is unknown here and is not used. If it changes what the model computes, the results are wrong; "
                    + "if not, it can be taken out."
            );
    }

    /// <summary>Says of keys that they have no effect beside the others.</summary>
    public void Ignore(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
            _read.Add(key);
    }

    /// <summary>Reads a flag that the architecture decides whatever the file says; a file that says otherwise gets a warning.</summary>
    public void Fixed(string key, bool value, string modelType)
    {
        if (Flag(key, value) != value)
            Warn(
                $"{file}: '{prefix}{key}' is {(value ? "false" : "true")} and has no effect: {modelType} models are as if it were "
                    + $"{(value ? "true" : "false")}."
            );
    }

    /// <summary>The object under a key, its own keys accounted for with these; null where there is none.</summary>
    public ConfigKeys? Section(string key)
    {
        if (Object(key) is not { } section)
            return null;
        var keys = new ConfigKeys(section, file, $"{prefix}{key}.", warnings);
        _sections.Add(keys);
        return keys;
    }

    private IEnumerable<string> Unread() =>
        json.Where(entry => entry.Value is not null && !_read.Contains(entry.Key) && !KeysWithoutEffect.Contains(entry.Key))
            .Select(entry => prefix + entry.Key)
            .Concat(_sections.SelectMany(section => section.Unread()));

    public string Text(string key, string otherwise) =>
        Node(key) switch
        {
            null => otherwise,
            JsonValue value when value.TryGetValue(out string? text) => text,
            _ => throw Wrong(key, "a string"),
        };

    public bool Flag(string key, bool otherwise) =>
        Node(key) switch
        {
            null => otherwise,
            JsonValue value when value.TryGetValue(out bool flag) => flag,
            _ => throw Wrong(key, "true or false"),
        };

    public JsonObject? Object(string key) =>
        Node(key) switch
        {
            null => null,
            JsonObject value => value,
            _ => throw Wrong(key, "an object"),
        };

    public JsonArray? Array(string key) =>
        Node(key) switch
        {
            null => null,
            JsonArray value => value,
            _ => throw Wrong(key, "an array"),
        };

    public int Positive(string key) => Has(key) ? Integer(key, 1) : throw Missing(key);

    public int Positive(string key, int otherwise) => Has(key) ? Integer(key, 1) : otherwise;

    /// <summary>
    /// A number under its name, or under an older one, or what the architecture has where neither is there. Where both are and differ, the
    /// older is not used.
    /// </summary>
    public int Positive(string key, string older, int otherwise)
    {
        int value = Positive(key, Positive(older, otherwise));
        if (Has(key) && Has(older) && Positive(older) != value)
            Warn($"{file}: '{prefix}{key}' is {value} and '{prefix}{older}' {Positive(older)}; the older '{older}' is not used.");
        return value;
    }

    /// <summary>The number of layers: positive, and no more than the weight files can hold.</summary>
    public int LayerCount(string key)
    {
        int layers = Positive(key);
        return layers <= MostLayers
            ? layers
            : throw new InvalidModelException(
                $"{file}: '{prefix}{key}' is {layers}, more than the weight files can hold. The files belong to different models."
            );
    }

    public int NotNegative(string key, int otherwise) => Has(key) ? Integer(key, 0) : otherwise;

    public double PositiveNumber(string key) => Has(key) ? PositiveNumber(key, 0) : throw Missing(key);

    public double PositiveNumber(string key, double otherwise)
    {
        if (Node(key) is not { } node)
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
        return Node(key) switch
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

    private int Integer(string key, int least) => AsInteger(key, Node(key), least);

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
        new($"{file}: '{prefix}{key}' is missing. Fetch the file again; if that brings the same file, write the key into it.");

    private JsonNode? Node(string key)
    {
        _read.Add(key);
        return json[key];
    }
}
