using SvdSurgeon.Compare.Processes;
using SvdSurgeon.Compare.Tables;

namespace SvdSurgeon.Compare.Measures;

/// <summary>The end-to-end job with one thread and with all of them.</summary>
internal sealed class ThreadScaling : IMeasure
{
    public string Name => "threads";

    public Section Run(Comparison comparison)
    {
        int threads = comparison.Settings.Threads;
        var section = new Section("Threads");
        if (threads < 2)
        {
            section.Say("Not measured: --threads is 1.");
            return section;
        }
        List<ProcessCost> one = [],
            all = [];
        comparison.Repeat(
            Name,
            _ =>
            {
                one.Add(CompressRun.Run(comparison, 1));
                all.Add(CompressRun.Run(comparison, threads));
            }
        );
        section.Say($"`compress {string.Join(' ', CompressRun.Options(comparison.Settings))}`, whole processes.");
        var table = new ComparisonTable($"{threads} threads", "1 thread");
        table.Add("wall time", "s", all.Select(c => c.Wall), one.Select(c => c.Wall), Ratio.PeerOverOurs);
        table.Add("processor time", "s", all.Select(c => c.Processor), one.Select(c => c.Processor), Ratio.PeerOverOurs);
        table.Add("peak resident set", "MiB", all.Select(c => c.PeakMiB), one.Select(c => c.PeakMiB), Ratio.OursOverPeer);
        section.Add(table.Lines());
        section.Add(StageTable.Lines("1 thread", [.. one.Select(c => StageTimes.Ours(c.Output))]));
        section.Add(StageTable.Lines($"{threads} threads", [.. all.Select(c => StageTimes.Ours(c.Output))]));
        return section;
    }
}
