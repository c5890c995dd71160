using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Cli.Output;

/// <summary>What a run took, in one short line; --json and the report have every stage.</summary>
internal static class StageSummary
{
    private const int Most = 3;

    /// <summary>The whole time, the longest steps, and the peak of memory.</summary>
    public static string Line(IReadOnlyList<StageTime> stages)
    {
        var steps = stages
            .GroupBy(stage => stage.Name.Split(' ')[0])
            .Select(step => (Name: step.Key, Seconds: step.Sum(stage => stage.Seconds)))
            .Where(step => step.Seconds >= 0.05)
            .OrderByDescending(step => step.Seconds)
            .ToList();
        string longest = string.Join(", ", steps.Take(Most).Select(step => $"{step.Name} {Duration.Text(step.Seconds)}"));
        int reused = stages.Count(stage => stage.Reused);
        return $"Took {Duration.Text(stages.Sum(stage => stage.Seconds))}"
            + (longest.Length > 0 ? $" ({longest})" : "")
            + (reused > 0 ? $", {reused} of {stages.Count} steps from an earlier run" : "")
            + $"; peak memory {Bytes.OfMebibytes(ProcessMemory.PeakMiB())}.";
    }
}
