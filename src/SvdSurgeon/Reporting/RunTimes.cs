using System.Text.Json.Nodes;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Reporting;

/// <summary>What one run took, from runs.json.</summary>
/// <param name="Stages">Its stages, in order.</param>
/// <param name="PeakMiB">Most memory that it took.</param>
/// <param name="Warnings">What it said about its inputs.</param>
internal sealed record RunTimes(IReadOnlyList<StageTime> Stages, double PeakMiB, IReadOnlyList<string> Warnings)
{
    /// <summary>The runs of an output folder, oldest first.</summary>
    /// <exception cref="InvalidInputException">runs.json is damaged.</exception>
    public static IReadOnlyList<RunTimes> Read(string folder)
    {
        try
        {
            return [.. RunLog.Read(folder).Select(run => Of(run!))];
        }
        catch (Exception e) when (e is NullReferenceException or InvalidOperationException or FormatException)
        {
            throw new InvalidInputException(
                $"{Path.Combine(folder, RunLog.FileName)}: the file is damaged. Remove it: the report is then made without times.",
                e
            );
        }
    }

    private static RunTimes Of(JsonNode run) =>
        new(
            [
                .. run["stages"]!
                    .AsArray()
                    .Select(stage => new StageTime(
                        stage!["name"]!.GetValue<string>(),
                        (double)stage["seconds"]!,
                        (double)stage["peak_mib"]!,
                        (bool)stage["reused"]!
                    )),
            ],
            (double)run["peak_mib"]!,
            [.. (run["warnings"] as JsonArray ?? []).Select(warning => warning!.GetValue<string>())]
        );
}
