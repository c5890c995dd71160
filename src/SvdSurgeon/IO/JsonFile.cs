using System.Text.Json;
using System.Text.Json.Nodes;

namespace SvdSurgeon.IO;

/// <summary>JSON files beside the weights.</summary>
internal static class JsonFile
{
    /// <summary>Reads a file that holds one JSON object, as Python's json reads it (<see cref="PythonJson"/>).</summary>
    /// <param name="path">The file.</param>
    /// <param name="warnings">Gets a sentence for a key that stands twice, of which the last value counts. Null: such a key is an
    /// error.</param>
    /// <exception cref="InvalidModelException">The file is missing, unreadable, not JSON, not UTF-8, or not an object.</exception>
    public static JsonObject ReadObject(string path, ICollection<string>? warnings = null)
    {
        byte[] bytes = InputFile.ReadAllBytes(path, (sentence, inner) => new InvalidModelException(sentence, inner));
        var repeated = new List<string>();
        try
        {
            using var document = PythonJson.Parse(bytes);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new InvalidModelException($"{path}: the file is not a JSON object.");
            var json = (JsonObject)PythonJson.Node(document.RootElement, repeated)!;
            if (repeated.Count > 0 && warnings is null)
                throw new InvalidModelException($"{path}: the key '{repeated[0]}' stands there twice. Take one of the two out.");
            foreach (string key in repeated.Distinct(StringComparer.Ordinal))
                warnings!.Add($"{path}: the key '{key}' stands there twice; the last value counts.");
            return json;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidModelException($"{path}: the file is not valid JSON ({e.Message.TrimEnd('.')}).", e);
        }
    }
}
