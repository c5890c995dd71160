namespace SvdSurgeon.Runtimes;

/// <summary>A model in a runtime, and what its processes measured.</summary>
internal sealed record Row(string Label, string Runtime, string Path)
{
    /// <summary>One per repeat.</summary>
    public List<Measured> Runs { get; } = [];

    /// <summary>LABEL=RUNTIME:PATH.</summary>
    public static Row Parse(string text)
    {
        int label = text.IndexOf('='),
            runtime = text.IndexOf(':', label);
        return new Row(text[..label], text[(label + 1)..runtime], text[(runtime + 1)..]);
    }

    /// <summary>A line of the table.</summary>
    public override string ToString() =>
        $"| {Label} | {Bytes / (double)(1 << 20):F0} | {Median(run => run.FirstToken):F2} | {Median(run => run.PerSecond):F0} "
        + $"({Runs.Min(run => run.PerSecond):F0} – {Runs.Max(run => run.PerSecond):F0}) | {Median(run => run.PerProcessorSecond):F0} | "
        + $"{Median(run => run.PeakMiB):F0} |";

    private long Bytes =>
        File.Exists(Path)
            ? new FileInfo(Path).Length
            : Directory
                .EnumerateFiles(Path)
                .Where(file => !file.EndsWith(".json", StringComparison.Ordinal))
                .Sum(f => new FileInfo(f).Length);

    private double Median(Func<Measured, double> of)
    {
        double[] sorted = [.. Runs.Select(of).Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
