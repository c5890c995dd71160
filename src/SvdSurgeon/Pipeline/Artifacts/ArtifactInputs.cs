using System.Text.Json.Nodes;

namespace SvdSurgeon.Pipeline.Artifacts;

/// <summary>What artifacts were made from, in words.</summary>
internal static class ArtifactInputs
{
    /// <summary>One line an input.</summary>
    public static IEnumerable<(string Name, string Value)> InWords(StoredArtifact artifact)
    {
        foreach (var (name, value) in artifact.Inputs)
        {
            if (value is null || (value is JsonValue && value.ToString().Length == 0))
                continue;
            yield return name switch
            {
                "model" => ("model", $"SHA-256 {Short(value)}…"),
                "layers" => ("layers", value.ToString()),
                "tokens" => ("tokens", $"SHA-256 {Short(value)}…"),
                "sequences" => ("calibration", $"{value} sequences"),
                "length" => ("length", $"{value} tokens a sequence"),
                "factors" => ("factors", $"{StageNames.Factor}-{value} or what was made from it"),
                "inputs" => ("inputs", $"{StageNames.Gram}-{value}"),
                "outputs" => ("outputs", string.Join(", ", value.ToString().Split(' ').Select(key => $"{StageNames.Gradients}-{key}"))),
                "ranks" when value is JsonObject ranks => (
                    "ranks",
                    $"{ranks.Count(r => r.Value is not null)} modules truncated, {ranks.Count(r => r.Value is null)} dense"
                ),
                _ => (name, value is JsonValue ? value.ToString() : value.ToJsonString()),
            };
        }
    }

    /// <summary>How two artifacts of one stage differ: "another model", "seqlen 256, not 512", …</summary>
    /// <param name="have">Inputs of the one that is there.</param>
    /// <param name="want">Inputs of the one that is needed.</param>
    public static string Difference(JsonObject have, JsonObject want)
    {
        if (Differs("model"))
            return "another model";
        var differences = new List<string>();
        if (Differs("sequences"))
            differences.Add($"{have["sequences"]} sequences, not {want["sequences"]}");
        if (Differs("length"))
            differences.Add($"seqlen {have["length"]}, not {want["length"]}");
        if (differences.Count == 0 && Differs("tokens"))
            differences.Add("other sequences");
        foreach (
            string name in have.Select(p => p.Key)
                .Union(want.Select(p => p.Key))
                .Except(["model", "layers", "sequences", "length", "tokens"])
                .Where(Differs)
        )
            differences.Add(
                name is "factors" or "modules"
                    ? $"other {name} (made with other options or statistics)"
                    : $"{name} {have[name]?.ToString() ?? "none"}, not {want[name]?.ToString() ?? "none"}"
            );
        return string.Join(", ", differences);

        bool Differs(string name) => !JsonNode.DeepEquals(have[name], want[name]);
    }

    private static string Short(JsonNode hash) => hash.ToString() is { Length: > 12 } text ? text[..12] : hash.ToString();
}
