using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Shares;

namespace SvdSurgeon.Pipeline.Statistics;

/// <summary>
/// A pass over blocks of sequences, shared: whoever takes a block leaves a file a layer with its sums, whoever takes a layer adds them up
/// in the order of the blocks. That is what one process adds, number by number, and so the bytes are the same.
/// </summary>
internal static class BlockParts
{
    /// <summary>Whether the sums of a block are needed and not there.</summary>
    public static bool Lacks(Statistic statistic, int block, int layer) =>
        statistic.Lacks(layer) && !File.Exists(statistic.Artifact.Part(ArtifactParts.Block(block, layer)));

    /// <summary>Sees that the statistics are whole.</summary>
    /// <param name="context">The run.</param>
    /// <param name="model">The model that goes forward and backward.</param>
    /// <param name="blocks">The blocks of the pass.</param>
    /// <param name="statistics">What is summed together.</param>
    /// <param name="make">Leaves the files of a block.</param>
    public static void Share(
        PipelineContext context,
        DecoderModel model,
        SequenceBlocks blocks,
        IReadOnlyList<Statistic> statistics,
        Action<int> make
    )
    {
        string together = string.Join('+', statistics.Select(Name));
        int layers = model.Layers.Count;
        context.Sharing.Run([
            .. Enumerable
                .Range(0, blocks.Count)
                .Select(block => new Piece(
                    $"{together}/block.{block:D4}",
                    () => !statistics.Any(s => Enumerable.Range(0, layers).Any(layer => Lacks(s, block, layer))),
                    () => make(block)
                )),
        ]);
        context.Sharing.Run([
            .. model.Layers.SelectMany(layer =>
                statistics.Select(s => new Piece(
                    $"{Name(s)}/layer.{layer.Index:D4}",
                    () => !s.Lacks(layer.Index),
                    () =>
                    {
                        var sums = new Sums();
                        string[] parts =
                        [
                            .. Enumerable.Range(0, blocks.Count).Select(block => s.Artifact.Part(ArtifactParts.Block(block, layer.Index))),
                        ];
                        foreach (string part in parts)
                        {
                            if (!s.Artifact.Has(Path.GetFileName(part)))
                                throw new IOException($"{part}: the file is damaged or gone; the same command makes it again.");
                            using var file = SafeTensorsFile.Open(part);
                            sums.Add(file);
                        }
                        s.Write(layer, sums);
                        foreach (string part in parts)
                            File.Delete(part);
                    }
                ))
            ),
        ]);
    }

    private static string Name(Statistic statistic) => Path.GetFileName(statistic.Artifact.Folder);
}
