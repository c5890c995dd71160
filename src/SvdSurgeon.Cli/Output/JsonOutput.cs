using System.Text.Json.Nodes;
using SvdSurgeon.Formats;

namespace SvdSurgeon.Cli.Output;

/// <summary>The only thing that --json puts on standard output: one object.</summary>
internal static class JsonOutput
{
    public static void Write(JsonNode node) => Console.Out.Write(JsonText.Indented(node));
}
