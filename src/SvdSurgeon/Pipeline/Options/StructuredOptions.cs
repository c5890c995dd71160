using System.Text.Json.Nodes;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.IO;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>The values of <see cref="OptionTable"/> that are more than a name or a number.</summary>
internal static class StructuredOptions
{
    private static readonly NumberValue Fraction = new(0, 1),
        NotNegative = new(0);

    /// <summary>The sequential pass.</summary>
    public static OptionValue<SequentialOptions?> Sequential { get; } =
        new StructureValue<SequentialOptions?>(
            "from 0 to 1, its damping above 0",
            (json, key, _) => ReadSequential(json.Object(key)!),
            pass => Json(pass!),
            () => Nullable("object", SequentialSchema()),
            pass => IsInRange(pass!),
            (option, text) =>
                StrictNumber.TryDouble(text, out double strength)
                    ? new SequentialOptions(strength)
                    : throw new InvalidInputException($"{option} {text}: not a number. Use a number or auto.")
        );

    /// <summary>The sequential pass of each layer.</summary>
    public static OptionValue<IReadOnlyList<SequentialOptions>?> SequentialByLayer { get; } =
        new StructureValue<IReadOnlyList<SequentialOptions>?>(
            "an object per layer: strength and damping",
            (json, key, _) => Layers(json.Objects(key), ReadSequential),
            layers => new JsonArray([.. layers!.Select(Json)]),
            () => Nullable("array", new JsonObject { ["items"] = SequentialSchema() }),
            layers => layers!.All(IsInRange)
        );

    /// <summary>The surgeon of each layer; what a layer does not say is as it is for all.</summary>
    public static OptionValue<IReadOnlyList<SurgeonOptions>?> SurgeonByLayer { get; } =
        new StructureValue<IReadOnlyList<SurgeonOptions>?>(
            "an object per layer: scale, damping and alpha",
            (json, key, options) => Layers(json.Objects(key), layer => ReadSurgeon(layer, options.SurgeonOptions)),
            layers => new JsonArray([
                .. layers!.Select(o => new JsonObject
                {
                    ["scale"] = o.Scale,
                    ["damping"] = o.Damping,
                    ["alpha"] = o.PoolFraction,
                }),
            ]),
            () => Nullable("array", new JsonObject { ["items"] = SurgeonSchema() }),
            layers => layers!.All(o => NotNegative.Holds(o.Scale) && NotNegative.Holds(o.Damping) && Fraction.Holds(o.PoolFraction))
        );

    /// <summary>A number from 0 to 1, or null.</summary>
    public static OptionValue<double?> OptionalFraction { get; } =
        new StructureValue<double?>(
            Fraction.Range,
            (json, key, _) => json.OptionalNumber(key),
            value => value!.Value,
            () => Nullable("number", Fraction.Schema()),
            value => Fraction.Holds(value!.Value)
        );

    /// <summary>β and λ as they stand in JSON.</summary>
    public static JsonObject Json(SequentialOptions pass) => new() { ["strength"] = pass.Strength, ["damping"] = pass.Damping };

    private static bool IsInRange(SequentialOptions pass) =>
        Fraction.Holds(pass.Strength) && pass.Damping > 0 && NotNegative.Holds(pass.Damping);

    private static IReadOnlyList<T>? Layers<T>(IReadOnlyList<StrictObject> layers, Func<StrictObject, T> read) =>
        layers.Count == 0 ? null : [.. layers.Select(read)];

    private static SequentialOptions ReadSequential(StrictObject json)
    {
        var defaults = new SequentialOptions();
        var pass = new SequentialOptions(json.Number("strength", defaults.Strength), json.Number("damping", defaults.Damping));
        json.RequireNothingElse();
        return pass;
    }

    private static SurgeonOptions ReadSurgeon(StrictObject json, SurgeonOptions common)
    {
        var surgeon = common with
        {
            Scale = json.Number("scale", common.Scale),
            Damping = json.Number("damping", common.Damping),
            PoolFraction = json.Number("alpha", common.PoolFraction),
        };
        json.RequireNothingElse();
        return surgeon;
    }

    private static JsonObject Nullable(string type, JsonObject schema)
    {
        schema["type"] = new JsonArray(type, "null");
        return schema;
    }

    private static JsonObject SequentialSchema() =>
        Object(
            new JsonObject
            {
                ["strength"] = Fraction.Schema(),
                ["damping"] = new JsonObject { ["type"] = "number", ["exclusiveMinimum"] = 0 },
            }
        );

    private static JsonObject SurgeonSchema() =>
        Object(
            new JsonObject
            {
                ["scale"] = NotNegative.Schema(),
                ["damping"] = NotNegative.Schema(),
                ["alpha"] = Fraction.Schema(),
            }
        );

    private static JsonObject Object(JsonObject properties) =>
        new()
        {
            ["type"] = "object",
            ["additionalProperties"] = false,
            ["properties"] = properties,
        };
}
