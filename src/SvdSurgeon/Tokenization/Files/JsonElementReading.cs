using System.Text.Json;

namespace SvdSurgeon.Tokenization.Files;

/// <summary>
/// Reads values of JSON objects. What is missing or of another kind is a <see cref="FormatException"/> that names the property.
/// </summary>
internal static class JsonElementReading
{
    // More than any vocabulary has; ids beyond would only take memory.
    private const int LargestId = 1 << 21;

    /// <summary>The text under a name.</summary>
    public static string Text(this JsonElement json, string name) =>
        json.OptionalText(name) ?? throw new FormatException($"'{name}' is missing.");

    /// <summary>The text under a name, or null where there is none.</summary>
    public static string? OptionalText(this JsonElement json, string name) =>
        json.Section(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw new FormatException($"'{name}' is not a text.");

    /// <summary>The value of a flag, or null where there is none.</summary>
    public static bool? Flag(this JsonElement json, string name) =>
        json.Section(name) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw new FormatException($"'{name}' is not true or false.");

    /// <summary>The value under a name, or null where there is none or null.</summary>
    public static JsonElement? Section(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var section) && section.ValueKind != JsonValueKind.Null ? section : null;

    /// <summary>A token's id.</summary>
    public static int Id(this JsonElement json) =>
        json.ValueKind == JsonValueKind.Number && json.TryGetInt32(out var id) && id is >= 0 and <= LargestId
            ? id
            : throw new FormatException($"{json.GetRawText()} is not the id of a token.");
}
