using System.Text.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>
/// As much of JSON Schema 2020-12 as docs/recipe.schema.json uses; a keyword that it does not know fails the test instead of passing
/// unchecked.
/// </summary>
internal sealed class JsonSchema(JsonObject root)
{
    private static readonly string[] Annotations = ["$schema", "$defs", "title", "description", "default"];

    public static JsonSchema Recipe { get; } =
        new((JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "recipe.schema.json")))!);

    public JsonObject Root => root;

    /// <summary>What is wrong with <paramref name="value"/>; empty for nothing.</summary>
    public IReadOnlyList<string> Errors(JsonNode? value)
    {
        var errors = new List<string>();
        Check(root, value, "$", errors);
        return errors;
    }

    private void Check(JsonObject schema, JsonNode? value, string at, List<string> errors)
    {
        foreach (var (keyword, rule) in schema)
        {
            if (Annotations.Contains(keyword))
                continue;
            bool holds = keyword switch
            {
                "type" => (rule is JsonArray types ? types.Select(t => (string)t!) : [(string)rule!]).Any(type => IsOf(type, value)),
                "const" => JsonNode.DeepEquals(rule, value),
                "enum" => ((JsonArray)rule!).Any(allowed => JsonNode.DeepEquals(allowed, value)),
                "minimum" => value is null || Number(value) >= Number(rule!),
                "maximum" => value is null || Number(value) <= Number(rule!),
                "exclusiveMinimum" => value is null || Number(value) > Number(rule!),
                "exclusiveMaximum" => value is null || Number(value) < Number(rule!),
                "minItems" => value is not JsonArray array || array.Count >= (int)rule!,
                "required" => value is not JsonObject o || ((JsonArray)rule!).All(key => o.ContainsKey((string)key!)),
                "additionalProperties" => value is not JsonObject o || o.All(p => schema["properties"]!.AsObject().ContainsKey(p.Key)),
                "properties" => Each(value as JsonObject, (JsonObject)rule!, at, errors),
                "items" => Each(value as JsonArray, (JsonObject)rule!, at, errors),
                "$ref" => Referenced((string)rule!, value, at, errors),
                _ => throw new NotSupportedException($"The test does not know the keyword '{keyword}'."),
            };
            if (!holds)
                errors.Add($"{at}: {keyword} {rule?.ToJsonString()} does not hold for {value?.ToJsonString() ?? "null"}");
        }
    }

    private bool Each(JsonObject? value, JsonObject rules, string at, List<string> errors)
    {
        foreach (var (key, rule) in rules)
            if (value?.ContainsKey(key) == true)
                Check((JsonObject)rule!, value[key], $"{at}.{key}", errors);
        return true;
    }

    private bool Each(JsonArray? value, JsonObject rule, string at, List<string> errors)
    {
        for (int i = 0; i < value?.Count; i++)
            Check(rule, value[i], $"{at}[{i}]", errors);
        return true;
    }

    private bool Referenced(string reference, JsonNode? value, string at, List<string> errors)
    {
        Check((JsonObject)root["$defs"]![reference["#/$defs/".Length..]]!, value, at, errors);
        return true;
    }

    private static bool IsOf(string type, JsonNode? value) =>
        (type, value?.GetValueKind() ?? JsonValueKind.Null) switch
        {

            ("object", JsonValueKind.Object)
            or
            ("array", JsonValueKind.Array)
            or
            ("string", JsonValueKind.String)
            or ("null", JsonValueKind.Null) => true,
            ("boolean", JsonValueKind.True or JsonValueKind.False) or ("number", JsonValueKind.Number) => true,
            ("integer", JsonValueKind.Number) => Number(value!) == Math.Floor(Number(value!)),
            _ => false,
        };

    private static double Number(JsonNode value) => double.Parse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture);
}
