using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SvdSurgeon.Evaluation.Tasks;

/// <summary>Typed access to one item of a task file; errors name the file, the place in it and the field.</summary>
/// <param name="fields">The item.</param>
/// <param name="where">File and line, for messages.</param>
internal sealed class TaskRow(JsonObject fields, string where)
{
    /// <summary>File and line.</summary>
    public string Where => where;

    /// <summary>Whether the field is there, whatever it holds.</summary>
    public bool Has(string field) => fields.ContainsKey(field);

    /// <exception cref="InvalidInputException">The field is missing or no string.</exception>
    public string Text(string field) => Text(Value(field), $"'{field}'");

    /// <exception cref="InvalidInputException">The field is missing or no list of strings.</exception>
    public IReadOnlyList<string> Texts(string field) => Texts(Value(field), $"'{field}'");

    /// <summary>The list of strings <paramref name="inner"/> inside the object <paramref name="field"/>.</summary>
    /// <exception cref="InvalidInputException">It is missing or something else.</exception>
    public IReadOnlyList<string> Texts(string field, string inner) =>
        Value(field) is JsonObject group
            ? Texts(group[inner] ?? throw Missing($"{field}.{inner}"), $"'{field}.{inner}'")
            : throw Error($"'{field}' is no object with the list '{inner}'");

    /// <summary>A whole number, or one as text, as the hub writes some labels.</summary>
    /// <exception cref="InvalidInputException">The field is missing or no whole number.</exception>
    public int Integer(string field)
    {
        var value = Value(field);
        string text = value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw Error($"'{field}' is {Shown(value)}, no whole number; test sets are published without answers");
    }

    /// <exception cref="InvalidInputException">The field is missing or neither true nor false.</exception>
    public bool Flag(string field) =>
        Value(field) is JsonValue value && value.TryGetValue(out bool flag)
            ? flag
            : throw Error($"'{field}' is {Shown(Value(field))}, neither true nor false");

    /// <summary>An answer that is the number of a choice, counted from <paramref name="first"/>; returned from 0.</summary>
    /// <exception cref="InvalidInputException">The field is missing, no whole number, or not the number of a choice.</exception>
    public int Answer(string field, int choices, int first = 0)
    {
        int number = Integer(field);
        return number >= first && number < first + choices
            ? number - first
            : throw Error($"'{field}' is {number}, but the {choices} choices are numbered {first} to {first + choices - 1}");
    }

    /// <summary>An answer that is one of <paramref name="labels"/>; returned as its place.</summary>
    /// <exception cref="InvalidInputException">It is none of them.</exception>
    public int Answer(string field, string answer, IReadOnlyList<string> labels)
    {
        int place = labels.ToList().IndexOf(answer);
        return place >= 0 ? place : throw Error($"'{field}' is '{answer}', but the choices are called {string.Join(", ", labels)}");
    }

    /// <summary>An error about this item.</summary>
    public InvalidInputException Error(string problem) => new($"{where}: {problem}.");

    private JsonNode Value(string field) => fields[field] ?? throw Missing(field);

    private InvalidInputException Missing(string field) =>
        Error(
            $"the field '{field}' is missing; the item has "
                + $"{(fields.Count == 0 ? "none" : string.Join(", ", fields.Select(entry => entry.Key)))}"
        );

    private string Text(JsonNode? value, string name) =>
        value is JsonValue text && text.TryGetValue(out string? result) ? result : throw Error($"{name} is {Shown(value)}, no text");

    private List<string> Texts(JsonNode value, string name) =>
        value is JsonArray { Count: > 0 } list
            ? [.. list.Select(entry => Text(entry, $"an entry of {name}"))]
            : throw Error($"{name} is no list of texts, or an empty one");

    private static string Shown(JsonNode? value)
    {
        string text = value?.ToJsonString() ?? "null";
        return text.Length <= 40 ? text : text[..39] + "…";
    }
}
