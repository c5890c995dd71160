using System.Text.Json;
using System.Text.Json.Nodes;

namespace SvdSurgeon.IO;

/// <summary>JSON files beside the weights.</summary>
internal static class JsonFile
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Reads a file that holds one JSON object.</summary>
    /// <exception cref="InvalidModelException">The file is missing, unreadable, not JSON, not UTF-8, or not an object.</exception>
    public static JsonObject ReadObject(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidModelException(
                e is FileNotFoundException or DirectoryNotFoundException
                    ? $"{path}: the file does not exist."
                    : $"{path}: the file cannot be read ({e.Message.TrimEnd('.')}).",
                e
            );
        }
        ReadOnlySpan<byte> text = bytes;
        if (text.StartsWith("\uFEFF"u8))
            text = text[3..];
        try
        {
            CheckStrings(text);
            return JsonNode.Parse(text, null, Strict) as JsonObject
                ?? throw new InvalidModelException($"{path}: the file is not a JSON object.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidModelException($"{path}: the file is not valid JSON ({e.Message.TrimEnd('.')}).", e);
        }
    }

    // A JSON node decodes its strings when they are asked for; damaged ones must be found here.
    private static void CheckStrings(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text);
        while (reader.Read())
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
                _ = reader.GetString();
    }
}
