using SvdSurgeon.Export;

namespace SvdSurgeon.Cli.Output.Results;

/// <summary>Where a result runs, and the one command for it.</summary>
internal static class WaysOut
{
    /// <summary>A line for this program and one for every other.</summary>
    public static IEnumerable<string> Lines(string folder)
    {
        yield return $"{folder} runs here: svdsurgeon generate {folder} --prompt \"Once upon a time\"";
        foreach (var (runsIn, command) in Exporter.WaysOut(folder))
            yield return $"  in {runsIn}: {command}";
    }
}
