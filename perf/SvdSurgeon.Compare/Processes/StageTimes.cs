using System.Text.Json;
using System.Text.Json.Nodes;

namespace SvdSurgeon.Compare.Processes;

/// <summary>Seconds a stage, in order, from what a program printed.</summary>
internal static class StageTimes
{
    /// <summary>Of svdsurgeon's --json: one object with "stages".</summary>
    public static IReadOnlyList<(string Stage, double Seconds)> Ours(string json) =>
        [.. JsonNode.Parse(json)!["stages"]!.AsArray().Select(stage => ((string)stage!["name"]!, (double)stage["seconds"]!))];

    /// <summary>
    /// Of the peer: one object a line, a stage or a result; a stage that comes several times is summed, the results are the building of
    /// modules.
    /// </summary>
    public static IReadOnlyList<(string Stage, double Seconds)> Peer(string lines)
    {
        var order = new List<string>();
        var seconds = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var line in Lines(lines))
        {
            if (line["seconds"] is not { } time)
                continue;
            string stage = (string?)line["stage"] ?? "build";
            if (seconds.TryAdd(stage, 0))
                order.Add(stage);
            seconds[stage] += (double)time;
        }
        return [.. order.Select(stage => (stage, seconds[stage]))];
    }

    /// <summary>The JSON objects among the lines; others, such as warnings, are passed over.</summary>
    public static IEnumerable<JsonObject> Lines(string text)
    {
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            if (line.StartsWith('{') && Parsed(line) is { } found)
                yield return found;
    }

    private static JsonObject? Parsed(string line)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject;
        }
        catch (JsonException)
        {
            return null; // cut off, or no JSON after all
        }
    }
}
