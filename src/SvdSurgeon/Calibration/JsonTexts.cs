using System.Text.Json;
using SvdSurgeon.IO;

namespace SvdSurgeon.Calibration;

/// <summary>Documents in JSON: one object per line, an array, or one object; each with its text under "text".</summary>
internal static class JsonTexts
{
    private const string Key = "text";

    /// <summary>Adds the documents of a file, if it is JSON.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="utf8">Its contents.</param>
    /// <param name="named">What its name says that it is; <see cref="TextForm.PlainText"/> for a name that says nothing. A file that is
    /// called JSON is JSON or an error.</param>
    /// <param name="documents">Gets the documents.</param>
    /// <param name="notes">Gets a sentence where JSON is read as a plain text.</param>
    /// <returns>What the file is; of a plain text nothing was added.</returns>
    /// <exception cref="InvalidInputException">It is called JSON and is none, or has no texts.</exception>
    public static TextForm Add(
        string path,
        ReadOnlyMemory<byte> utf8,
        TextForm named,
        ICollection<string> documents,
        ICollection<string> notes
    )
    {
        var trimmed = utf8.Span.TrimStart(" \t\r\n"u8);
        byte first = trimmed.IsEmpty ? (byte)0 : trimmed[0];
        if (named == TextForm.PlainText && first is not ((byte)'{' or (byte)'['))
            return TextForm.PlainText;
        var form =
            named == TextForm.JsonLines || first != '[' && BeginsWithObjectLine(trimmed) ? TextForm.JsonLines
            : first == '[' ? TextForm.JsonArray
            : TextForm.JsonObject;
        var found = new List<string>();
        bool isJson = true;
        string? wrong = form == TextForm.JsonLines ? AddLines(path, utf8, found) : AddWhole(path, utf8, found, out isJson);
        if (wrong is null)
        {
            foreach (string document in found)
                documents.Add(document);
            return form;
        }
        if (named != TextForm.PlainText)
            throw new InvalidInputException(wrong);
        // A text that begins with a bracket is a text all the same.
        if (isJson)
            notes.Add(
                $"{path}: taken for plain text, with its brackets and keys. Read as JSON it has no texts "
                    + $"({wrong[(path.Length + 2)..].TrimEnd('.')})."
            );
        return TextForm.PlainText;
    }

    // The first line is an object of its own, and there are more lines.
    private static bool BeginsWithObjectLine(ReadOnlySpan<byte> text)
    {
        int end = text.IndexOf((byte)'\n');
        if (end < 0 || text[end..].TrimStart(" \t\r\n"u8).IsEmpty)
            return false;
        try
        {
            using var document = PythonJson.Parse(text[..end].ToArray());
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string? AddWhole(string path, ReadOnlyMemory<byte> text, List<string> documents, out bool isJson)
    {
        isJson = false;
        try
        {
            using var document = PythonJson.Parse(text);
            isJson = true;
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Array)
            {
                if (TextOf(root) is not { } only)
                    return $"{path}: the file {WithoutText(root)}. A document looks like {{\"{Key}\": \"…\"}}.";
                documents.Add(only);
                return null;
            }
            int entry = 0;
            foreach (var item in root.EnumerateArray())
            {
                entry++;
                if ((item.ValueKind == JsonValueKind.String ? item.GetString() : TextOf(item)) is not { } one)
                    return $"{path}: entry {entry} {WithoutText(item)}. Each must look like {{\"{Key}\": \"…\"}}.";
                documents.Add(one);
            }
            return entry > 0 ? null : $"{path}: the array is empty.";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return $"{path}: the file is not valid JSON ({e.Message.TrimEnd('.')}).";
        }
    }

    private static string? AddLines(string path, ReadOnlyMemory<byte> text, List<string> documents)
    {
        for (int number = 1; text.Length > 0; number++)
        {
            int end = text.Span.IndexOf((byte)'\n');
            var line = end < 0 ? text : text[..end];
            text = end < 0 ? default : text[(end + 1)..];
            if (line.Span.Trim(" \t\r"u8).IsEmpty)
                continue;
            try
            {
                using var document = PythonJson.Parse(line);
                if (TextOf(document.RootElement) is not { } one)
                    return $"{path}: line {number} {WithoutText(document.RootElement)}. Each line must look like {{\"{Key}\": \"…\"}}.";
                documents.Add(one);
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                return $"{path}: line {number} is not valid JSON ({e.Message.TrimEnd('.')}).";
            }
        }
        return null;
    }

    private static string? TextOf(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(Key, out var text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()
            : null;

    private static string WithoutText(JsonElement json) =>
        $"is no JSON object with a string '{Key}'"
        + (
            json.ValueKind == JsonValueKind.Object
                ? $", but one with {string.Join(", ", json.EnumerateObject().Take(4).Select(p => $"'{p.Name}'"))}"
                : ""
        );
}
