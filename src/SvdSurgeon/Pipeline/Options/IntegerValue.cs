using System.Globalization;
using System.Text.Json.Nodes;
using SvdSurgeon.IO;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>A whole number.</summary>
/// <param name="minimum">The least that it may be.</param>
internal sealed class IntegerValue(int minimum) : OptionValue<int>
{
    public override string Range => $"{minimum} or more";

    public override bool Holds(int value) => value >= minimum;

    public override int Read(StrictObject json, string key, CompressionOptions options, int otherwise) => json.Integer(key, otherwise);

    public override JsonNode? Write(int value) => value;

    public override int Parse(string option, string text) =>
        StrictNumber.TryInteger(text, out int number)
            ? number
            : throw new InvalidInputException($"{option} {text}: not a whole number. Use a whole number, {Range}.");

    public override string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    public override JsonObject Schema() => new() { ["type"] = "integer", ["minimum"] = minimum };
}
