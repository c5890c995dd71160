using System.Text.Json;
using System.Text.Json.Nodes;

namespace SvdSurgeon.Evaluation.Tasks;

/// <summary>Task files with one JSON object per line, as the hub ships them.</summary>
internal static class TaskLines
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The items of a file, in order; empty lines are passed over.</summary>
    /// <exception cref="InvalidInputException">The file is missing, a line is no JSON object, or there is none.</exception>
    public static IReadOnlyList<TaskRow> Read(string path)
    {
        ReadOnlySpan<byte> rest;
        try
        {
            rest = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException(
                e is FileNotFoundException or DirectoryNotFoundException
                    ? $"{path}: the file does not exist. Check the path."
                    : $"{path}: the file cannot be read ({e.Message.TrimEnd('.')}).",
                e
            );
        }
        if (rest.StartsWith("\uFEFF"u8))
            rest = rest[3..];
        var rows = new List<TaskRow>();
        for (int line = 1; rest.Length > 0; line++)
        {
            int end = rest.IndexOf((byte)'\n');
            var text = (end < 0 ? rest : rest[..end]).Trim(" \t\r"u8);
            rest = end < 0 ? [] : rest[(end + 1)..];
            string where = $"{path}: line {line}";
            if (text.Length > 0)
                rows.Add(new TaskRow(Parse(text, where), where));
        }
        return rows.Count > 0 ? rows : throw new InvalidInputException($"{path}: there is no item in it. Each line must be a JSON object.");
    }

    private static JsonObject Parse(ReadOnlySpan<byte> json, string where)
    {
        try
        {
            // A JSON node decodes its strings when they are asked for; damaged ones must be found here.
            var reader = new Utf8JsonReader(json);
            while (reader.Read())
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
                    _ = reader.GetString();
            if (JsonNode.Parse(json, null, Strict) is JsonObject item)
                return item;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidInputException(
                $"{where} is not valid JSON ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}). The file is damaged or cut.",
                e
            );
        }
        throw new InvalidInputException($"{where} is no JSON object. Each line must be one item.");
    }
}
