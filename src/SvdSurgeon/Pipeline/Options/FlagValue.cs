using System.Text.Json.Nodes;
using SvdSurgeon.IO;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>On or off.</summary>
internal sealed class FlagValue : OptionValue<bool>
{
    public override string Range => "on or off";

    public override bool Read(StrictObject json, string key, CompressionOptions options, bool otherwise) => json.Flag(key, otherwise);

    public override JsonNode? Write(bool value) => value;

    public override bool Parse(string option, string text) =>
        bool.TryParse(text, out bool flag) ? flag : throw new InvalidInputException($"{option} {text}: write {option} alone.");

    public override string Text(bool value) => value ? "on" : "off";

    public override JsonObject Schema() => new() { ["type"] = "boolean" };
}
