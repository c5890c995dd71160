using System.Text.Json.Nodes;
using SvdSurgeon.IO;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>One of several values with names. On the command line a name may have dashes; in JSON it has none.</summary>
/// <param name="all">Values and names; the name null is JSON's null.</param>
internal sealed class NamedValue<T>(IReadOnlyList<(T Value, string? Name)> all) : OptionValue<T>
{
    public override string Range => string.Join(", ", all.Select(one => one.Name).OfType<string>());

    public override bool Holds(T value) => all.Any(one => Equals(one.Value, value));

    public override T Read(StrictObject json, string key, CompressionOptions options, T otherwise) =>
        json.Named(key, all.Select(one => Json(one.Name)).OfType<string>()) is { } name ? Find(name) : otherwise;

    public override JsonNode? Write(T value) => Json(all.First(one => Equals(one.Value, value)).Name);

    public override T Parse(string option, string text) =>
        all.Any(one => IsNamed(one.Name, text)) ? Find(text) : throw new InvalidInputException($"{option} {text}: unknown. Use {Range}.");

    public override string Text(T value) => all.First(one => Equals(one.Value, value)).Name ?? "none";

    public override JsonObject Schema() => new() { ["enum"] = new JsonArray([.. all.Select(one => (JsonNode?)Json(one.Name))]) };

    private T Find(string name) => all.First(one => IsNamed(one.Name, name)).Value;

    private static bool IsNamed(string? name, string text) =>
        name is not null
        && (name.Equals(text, StringComparison.OrdinalIgnoreCase) || Json(name)!.Equals(text, StringComparison.OrdinalIgnoreCase));

    private static string? Json(string? name) => name?.Replace("-", "", StringComparison.Ordinal);
}
