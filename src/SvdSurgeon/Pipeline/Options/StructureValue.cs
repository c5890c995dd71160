using System.Text.Json.Nodes;
using SvdSurgeon.IO;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>A value that may be null, an object or an array in JSON.</summary>
/// <param name="range">What it may be, in words.</param>
/// <param name="read">The value of a key that is there; it may depend on the options that were read before it.</param>
/// <param name="write">The value in JSON, where it is not null.</param>
/// <param name="schema">Its schema.</param>
/// <param name="holds">Whether a value that a program has set may be.</param>
/// <param name="parse">The value of an option of the command line; null where it has none.</param>
internal sealed class StructureValue<T>(
    string range,
    Func<StrictObject, string, CompressionOptions, T> read,
    Func<T, JsonNode> write,
    Func<JsonObject> schema,
    Predicate<T> holds,
    Func<string, string, T>? parse = null
) : OptionValue<T>
{
    public override string Range => range;

    public override bool Holds(T value) => value is null || holds(value);

    public override T Read(StrictObject json, string key, CompressionOptions options, T otherwise) =>
        json.Has(key) ? read(json, key, options) : otherwise;

    public override JsonNode? Write(T value) => value is null ? null : write(value);

    public override T Parse(string option, string text) =>
        parse is null ? throw new NotSupportedException($"{option} is not read from a command line.") : parse(option, text);

    public override string Text(T value) => Write(value)?.ToJsonString() ?? "none";

    public override JsonObject Schema() => schema();
}
