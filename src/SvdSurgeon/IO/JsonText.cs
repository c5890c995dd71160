using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SvdSurgeon.IO;

/// <summary>JSON as this program writes it: UTF-8, one newline at the end.</summary>
public static class JsonText
{
    private static readonly JsonWriterOptions Options = new()
    {
        Indented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Text of <paramref name="node"/> without spaces: for long arrays of numbers.</summary>
    public static string Compact(JsonNode node) => Text(node, Options with { Indented = false });

    /// <summary>Indented text of <paramref name="node"/>.</summary>
    public static string Indented(JsonNode node) => Text(node, Options);

    private static string Text(JsonNode node, JsonWriterOptions options)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, options))
            node.WriteTo(writer);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length) + "\n";
    }
}
