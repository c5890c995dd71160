using SvdSurgeon.Compare.Tables;

namespace SvdSurgeon.Compare.Measures;

/// <summary>Seconds a stage of several runs of one program.</summary>
internal static class StageTable
{
    /// <summary>Median and every repeat, in the order of the first run.</summary>
    public static IEnumerable<string> Lines(string program, IReadOnlyList<IReadOnlyList<(string Stage, double Seconds)>> runs)
    {
        var table = new Table($"stage, {program}", "seconds", "every repeat");
        foreach (var (stage, _) in runs[0])
        {
            double[] seconds = [.. runs.Select(run => run.Where(s => s.Stage == stage).Sum(s => s.Seconds))];
            table.Add(stage, ComparisonTable.Number(Samples.Median(seconds)), string.Join("; ", seconds.Select(ComparisonTable.Number)));
        }
        return table.Lines();
    }
}
