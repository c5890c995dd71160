using System.Text.Json.Nodes;

namespace SvdSurgeon.Cli.Output;

/// <summary>What the user should know of the input: on standard error, and in the JSON output.</summary>
internal static class InputWarnings
{
    /// <summary>One line per warning on standard error.</summary>
    public static void Print(IEnumerable<string> warnings)
    {
        foreach (string warning in warnings)
            Console.Error.WriteLine($"svdsurgeon: warning: {warning}");
    }

    /// <summary>The warnings as --json has them.</summary>
    public static JsonArray Json(IEnumerable<string> warnings) => [.. warnings.Select(warning => (JsonNode?)JsonValue.Create(warning))];
}
