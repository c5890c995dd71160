using System.Text.Json.Nodes;
using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Cli.Output;

/// <summary>The only thing that --json puts on standard output: one object.</summary>
internal static class JsonOutput
{
    /// <summary>Times and memory of stages.</summary>
    public static JsonArray Stages(IReadOnlyList<StageTime> stages) =>
        new([
            .. stages.Select(stage => new JsonObject
            {
                ["name"] = stage.Name,
                ["seconds"] = Math.Round(stage.Seconds, 3),
                ["peak_mib"] = Math.Round(stage.PeakMiB, 1),
                ["reused"] = stage.Reused,
            }),
        ]);

    public static void Write(JsonNode node) => Console.Out.Write(JsonText.Indented(node));
}
