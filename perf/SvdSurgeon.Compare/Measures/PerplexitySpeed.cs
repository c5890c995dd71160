using System.Diagnostics;
using SvdSurgeon.Compare.Processes;
using SvdSurgeon.Compare.Tables;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;

namespace SvdSurgeon.Compare.Measures;

/// <summary>Tokens a second of a perplexity evaluation of the dense model.</summary>
internal sealed class PerplexitySpeed : IMeasure
{
    public string Name => "perplexity";

    public Section Run(Comparison comparison)
    {
        var windows = comparison.Windows;
        string folder = comparison.NewFolder();
        string flat = Path.Combine(folder, "windows.npy");
        var ids = windows.Slice(0, windows.Count).ToArray();
        NpyFile.Write(flat, [ids.Length], ids);
        using var backend = comparison.OpenBackend();
        var model = DecoderModel.Load(comparison.Checkpoint);
        // So that everything is compiled.
        var few = TokenWindows.FromText(windows.Slice(0, Math.Min(2, windows.Count)), windows.Length);
        for (int i = 0; i < 2; i++)
            Perplexity.Evaluate(model, backend, few);
        List<double> ours = [],
            peer = [],
            ourPerplexity = [],
            peerPerplexity = [];
        comparison.Repeat(
            Name,
            _ =>
            {
                long start = Stopwatch.GetTimestamp();
                var result = Perplexity.Evaluate(model, backend, windows);
                ours.Add(result.Tokens / Stopwatch.GetElapsedTime(start).TotalSeconds);
                ourPerplexity.Add(result.Ppl);
                if (!comparison.Peer.IsThere)
                    return;
                var line = StageTimes
                    .Lines(
                        comparison
                            .Peer.Reference(
                                "ppl",
                                comparison.Model,
                                flat,
                                "--seqlen",
                                $"{windows.Length}",
                                "--threads",
                                $"{comparison.Settings.Threads}"
                            )
                            .Output
                    )
                    .Single(l => l["ppl"] is not null);
                peer.Add(ids.Length / (double)line["seconds"]!);
                peerPerplexity.Add((double)line["ppl"]!);
            }
        );
        var section = new Section("Perplexity evaluation");
        section.Say($"{windows.Count} windows of {windows.Length} tokens, the dense model, loading not counted.");
        var table = new ComparisonTable();
        table.Add("evaluation", "tokens/s", ours, peer, Ratio.OursOverPeer);
        table.Add("perplexity", "the same question", ourPerplexity, peerPerplexity, Ratio.OursOverPeer);
        section.Add(table.Lines());
        return section;
    }
}
