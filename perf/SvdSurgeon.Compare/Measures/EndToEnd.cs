using SvdSurgeon.Compare.Processes;
using SvdSurgeon.Compare.Tables;

namespace SvdSurgeon.Compare.Measures;

/// <summary>The whole job as processes, ours and the peer's, model loading and our writing of three models included.</summary>
internal sealed class EndToEnd : IMeasure
{
    public string Name => "end-to-end";

    public Section Run(Comparison comparison)
    {
        var settings = comparison.Settings;
        List<ProcessCost> ours = [],
            peer = [],
            perRatio = [];
        comparison.Repeat(
            Name,
            repeat =>
            {
                ours.Add(CompressRun.Run(comparison, settings.Threads));
                if (!comparison.Peer.IsThere)
                    return;
                peer.Add(Peer(comparison));
                if (repeat <= settings.PerRatioRepeats)
                    perRatio.Add(Peer(comparison, "--per-ratio-fisher"));
            }
        );

        var section = new Section("End to end");
        section.Say(
            $"Ours: `compress {string.Join(' ', CompressRun.Options(settings))}`, three models written to disk; peer: `compress --whiten "
                + $"{settings.Sequences} --fisher {settings.Sequences} --ratio {string.Join(' ', Settings.Ratios)} --method whiten "
                + $"whiten+surgeon`, nothing written. No evaluation; whole processes. In our stages `write` contains `measure`, the errors "
                + $"and spectra of metrics.json."
        );
        var table = new ComparisonTable();
        table.Add("wall time", "s", ours.Select(c => c.Wall), peer.Select(c => c.Wall), Ratio.PeerOverOurs);
        table.Add(
            "wall time, the peer with `--per-ratio-fisher`",
            "s",
            ours.Select(c => c.Wall),
            perRatio.Select(c => c.Wall),
            Ratio.PeerOverOurs
        );
        table.Add("processor time", "s", ours.Select(c => c.Processor), peer.Select(c => c.Processor), Ratio.PeerOverOurs);
        table.Add("peak resident set", "MiB", ours.Select(c => c.PeakMiB), peer.Select(c => c.PeakMiB), Ratio.OursOverPeer);
        section.Add(table.Lines());
        section.Add(StageTable.Lines("ours", [.. ours.Select(c => StageTimes.Ours(c.Output))]));
        if (peer.Count > 0)
            section.Add(StageTable.Lines("peer", [.. peer.Select(c => StageTimes.Peer(c.Output))]));
        if (perRatio.Count > 0)
            section.Add(StageTable.Lines("peer with a Fisher a ratio", [.. perRatio.Select(c => StageTimes.Peer(c.Output))]));
        return section;
    }

    private static ProcessCost Peer(Comparison comparison, params string[] more)
    {
        string n = $"{comparison.Settings.Sequences}";
        return comparison.Peer.Reference([
            "compress",
            comparison.Model,
            comparison.CalibrationTokens,
            "--seqlen",
            $"{comparison.Calibration.Length}",
            "--whiten",
            n,
            "--fisher",
            n,
            "--ratio",
            .. Settings.Ratios,
            "--method",
            "whiten",
            "whiten+surgeon",
            "--threads",
            $"{comparison.Settings.Threads}",
            .. more,
        ]);
    }
}
