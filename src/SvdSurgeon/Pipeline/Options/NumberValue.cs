using System.Globalization;
using System.Text.Json.Nodes;
using SvdSurgeon.IO;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>A finite number.</summary>
/// <param name="minimum">The least that it may be.</param>
/// <param name="maximum">The most; null for any.</param>
internal sealed class NumberValue(double minimum, double? maximum = null) : OptionValue<double>
{
    public override string Range =>
        maximum is { } most
            ? string.Create(CultureInfo.InvariantCulture, $"from {minimum} to {most}")
            : string.Create(CultureInfo.InvariantCulture, $"{minimum} or more");

    public override bool Holds(double value) => double.IsFinite(value) && value >= minimum && !(value > maximum);

    public override double Read(StrictObject json, string key, CompressionOptions options, double otherwise) => json.Number(key, otherwise);

    public override JsonNode? Write(double value) => value;

    public override double Parse(string option, string text) =>
        StrictNumber.TryDouble(text, out double number)
            ? number
            : throw new InvalidInputException($"{option} {text}: not a number. Use a number {Range}.");

    public override string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    public override JsonObject Schema()
    {
        var schema = new JsonObject { ["type"] = "number", ["minimum"] = minimum };
        if (maximum is { } most)
            schema["maximum"] = most;
        return schema;
    }
}
