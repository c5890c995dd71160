using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Artifacts;

namespace SvdSurgeon.Pipeline.Statistics;

/// <summary>
/// Merges what shards have collected into what one run over all sequences would have collected, to the last bit: sums are added block by
/// block in the same order, rows are put together. Artifacts that are whole in one of the folders are taken over.
/// </summary>
internal static class ShardMerge
{
    /// <summary>Merges work folders.</summary>
    /// <param name="folders">Folders that 'stats --shard' has filled.</param>
    /// <param name="output">The work folder that gets the whole artifacts; parts that are there already are kept.</param>
    /// <param name="cancellation">Stops between parts; the same call resumes.</param>
    /// <param name="warn">Gets a sentence for every artifact in the output folder that is damaged and merged again.</param>
    /// <returns>The artifacts in the output folder that were merged.</returns>
    /// <exception cref="InvalidInputException">The folders do not belong together, or a share is missing or there twice. Nothing is written
    /// then.</exception>
    /// <exception cref="InvalidModelException">An artifact is damaged.</exception>
    public static IReadOnlyList<StoredArtifact> Run(
        IReadOnlyList<string> folders,
        string output,
        CancellationToken cancellation = default,
        Action<string>? warn = null
    )
    {
        if (File.Exists(output))
            throw new InvalidInputException($"--out {output}: there is a file of this name. Choose another folder.");
        var found = folders
            .SelectMany(folder =>
                StoredArtifact.In(folder) is { Count: > 0 } artifacts
                    ? artifacts
                    : throw new InvalidInputException(
                        $"{folder}: there are no artifacts. Name folders that 'svdsurgeon stats --shard' has filled."
                    )
            )
            .ToList();
        var groups = found.GroupBy(artifact => artifact.Name, StringComparer.Ordinal).Select(group => group.ToList()).ToList();
        // Everything is looked at before anything is written.
        var plans = groups.Select(group => Plan(group, found)).OfType<MergePlan>().ToList();
        foreach (string file in plans.SelectMany(plan => plan.Parts).SelectMany(part => part.Files))
        {
            cancellation.ThrowIfCancellationRequested();
            if (SealedPart.Problem(file) is { } problem)
                throw new InvalidModelException(
                    $"{file}: the file is damaged or of an earlier version ({problem}). Let its shard run again: only what is missing or "
                        + "damaged is collected."
                );
        }
        var work = new WorkFolder(output, option: "--out") { Warn = warn ?? (_ => { }) };
        using var inUse = work.Claim();
        var merged = new List<StoredArtifact>();
        foreach (var plan in plans)
        {
            var artifact = work.Open(plan.Source.Stage, plan.Source.Inputs);
            foreach (var (part, sources) in plan.Parts)
            {
                cancellation.ThrowIfCancellationRequested();
                if (artifact.Has(part))
                    continue;
                if (plan.Adds)
                    artifact.Write(part, AddUp(plan.Source, sources).Entries());
                else
                    Copy(sources[0], artifact.Part(part));
            }
            merged.Add(StoredArtifact.Open(artifact.Folder));
        }
        return merged;
    }

    // The files that every part of the merged artifact is made from; null for an artifact that is not a statistic and nowhere whole: it is
    // made again when it is needed.
    private static MergePlan? Plan(List<StoredArtifact> group, List<StoredArtifact> all)
    {
        var source = group[0];
        bool sums = ArtifactParts.AreSums(source.Stage, source.Inputs);
        if (group.Find(artifact => artifact.IsComplete) is { } whole)
            return new MergePlan(
                whole,
                false,
                [.. whole.Expected.Select(part => (part, (IReadOnlyList<string>)[whole.Artifact.Part(part)]))]
            );
        if (!sums && source.Stage != StageNames.Fisher)
            return null;

        var blocks = ArtifactParts.Blocks(source.Stage, source.Inputs);
        var owners = new StoredArtifact?[blocks.Count];
        foreach (var artifact in group)
        foreach (
            int block in sums
                ? artifact.ShardBlocks()
                : Enumerable.Range(0, blocks.Count).Where(block => artifact.Artifact.Lists(ArtifactParts.Rows(blocks.First(block))))
        )
        {
            if (owners[block] is { } other)
                throw new InvalidInputException(
                    $"merge: {Sequences(blocks, block)} of {source.Name} are in both {Parent(other)} and {Parent(artifact)}. Give every "
                        + $"shard once."
                );
            owners[block] = artifact;
        }
        if (Array.IndexOf(owners, null) is >= 0 and var missing)
            throw Incomplete(source, blocks, missing, all);
        if (!sums)
            return new MergePlan(
                source,
                false,
                [.. source.Expected.Select((part, block) => (part, (IReadOnlyList<string>)[owners[block]!.Artifact.Part(part)]))]
            );
        return new MergePlan(
            source,
            true,
            [
                .. source.Expected.Select(
                    (part, layer) =>
                        (
                            part,
                            (IReadOnlyList<string>)
                                [.. owners.Select((owner, block) => owner!.Artifact.Part(ArtifactParts.Block(block, layer)))]
                        )
                ),
            ]
        );
    }

    // A share is missing, or it is there under another key because it was collected from something else.
    private static InvalidInputException Incomplete(StoredArtifact source, SequenceBlocks blocks, int missing, List<StoredArtifact> all)
    {
        var stranger = all.Find(other =>
            other.Stage == source.Stage && other.Artifact.Key != source.Artifact.Key && !other.IsComplete && Parent(other) != Parent(source)
        );
        return new InvalidInputException(
            stranger is null
                ? $"merge: {Sequences(blocks, missing)} of {source.Name} are in none of the folders. Add the folder of the shard that "
                    + $"collects them, or let that shard run to its end."
                : $"merge: {source.Name} in {Parent(source)} and {stranger.Name} in {Parent(stranger)} do not belong together: the "
                    + $"second was collected from {ArtifactInputs.Difference(stranger.Inputs, source.Inputs)}. Collect all shards with "
                    + $"the same model, data and options."
        );
    }

    private static string Sequences(SequenceBlocks blocks, int block) =>
        $"sequences {blocks.First(block) + 1} to {blocks.First(block) + blocks.Length(block)}";

    private static string Parent(StoredArtifact artifact) => Path.GetDirectoryName(artifact.Artifact.Folder)!;

    private static Sums AddUp(StoredArtifact source, IReadOnlyList<string> files)
    {
        var sums = new Sums();
        foreach (string file in files)
        {
            using var part = SafeTensorsFile.Open(file);
            sums.Add(part);
        }
        if (source.Stage == StageNames.Gram)
            InputStatistics.Finish(sums, (long)source.Inputs["sequences"]! * (long)source.Inputs["length"]!);
        return sums;
    }

    private static void Copy(string from, string to)
    {
        using var source = File.OpenRead(from);
        AtomicFile.Write(to, stream => source.CopyTo(stream), source.Length);
    }

    private sealed record MergePlan(StoredArtifact Source, bool Adds, IReadOnlyList<(string Part, IReadOnlyList<string> Files)> Parts);
}
