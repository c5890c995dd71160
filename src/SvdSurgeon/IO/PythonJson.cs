using System.Text.Json;
using System.Text.Json.Nodes;

namespace SvdSurgeon.IO;

/// <summary>
/// JSON as Python writes and reads it: NaN, Infinity and -Infinity are numbers, and of a key that stands there twice the last value counts.
/// </summary>
internal static class PythonJson
{
    /// <summary>
    /// The key of the object that stands for a number that is not finite, {"__float__": "Infinity"}: transformers 5 writes such numbers so.
    /// </summary>
    public const string NotFiniteKey = "__float__";

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 64 };

    /// <summary>Parses UTF-8 text, with or without a byte order mark.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> text)
    {
        if (text.Span.StartsWith("\uFEFF"u8))
            text = text[3..];
        return JsonDocument.Parse(HoldsSpecialNumber(text.Span) ? Tagged(text.Span) : text, Options);
    }

    /// <summary>The value as nodes that can be changed.</summary>
    /// <param name="json">A parsed value.</param>
    /// <param name="repeated">Gets the name of every key that stands twice in one object.</param>
    /// <exception cref="InvalidOperationException">A text is no valid Unicode.</exception>
    public static JsonNode? Node(JsonElement json, ICollection<string> repeated)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                var result = new JsonObject();
                foreach (var property in json.EnumerateObject())
                {
                    if (result.Remove(property.Name))
                        repeated.Add(property.Name);
                    result.Add(property.Name, Node(property.Value, repeated));
                }
                return result;
            case JsonValueKind.Array:
                var array = new JsonArray();
                foreach (var item in json.EnumerateArray())
                    array.Add(Node(item, repeated));
                return array;
            case JsonValueKind.String:
                return JsonValue.Create(json.GetString()); // decoded here, so that a damaged text is found here
            case JsonValueKind.Null:
                return null;
            default:
                return JsonValue.Create(json.Clone());
        }
    }

    private static bool HoldsSpecialNumber(ReadOnlySpan<byte> text) => text.IndexOf("NaN"u8) >= 0 || text.IndexOf("Infinity"u8) >= 0;

    // Outside of texts the words become objects.
    private static byte[] Tagged(ReadOnlySpan<byte> text)
    {
        using var result = new MemoryStream(text.Length + 64);
        for (int at = 0; at < text.Length; )
        {
            int length =
                text[at] == '"' ? TextLength(text[at..])
                : SpecialLength(text[at..]) is > 0 and var special ? special
                : 1;
            var part = text.Slice(at, length);
            if (length > 1 && part[0] != '"')
            {
                result.Write("{\""u8);
                result.Write(System.Text.Encoding.UTF8.GetBytes(NotFiniteKey));
                result.Write("\":\""u8);
                result.Write(part);
                result.Write("\"}"u8);
            }
            else
            {
                result.Write(part);
            }
            at += length;
        }
        return result.ToArray();
    }

    private static int SpecialLength(ReadOnlySpan<byte> text) =>
        text.StartsWith("NaN"u8) ? 3
        : text.StartsWith("Infinity"u8) ? 8
        : text.StartsWith("-Infinity"u8) ? 9
        : 0;

    // With both quotes; up to the end of the file where the second is missing.
    private static int TextLength(ReadOnlySpan<byte> text)
    {
        for (int i = 1; i < text.Length; i++)
        {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                return i + 1;
        }
        return text.Length;
    }
}
