using System.Text.Json.Nodes;

namespace SvdSurgeon.Pipeline.Artifacts;

/// <summary>
/// A folder of statistics that a run is told to use: what is there for a stage must match, or the run is refused with what differs.
/// </summary>
internal sealed class GivenStatistics
{
    private readonly string _path;
    private readonly IReadOnlyList<StoredArtifact> _artifacts;

    private GivenStatistics(string path, IReadOnlyList<StoredArtifact> artifacts) => (_path, _artifacts) = (path, artifacts);

    /// <summary>Opens a work folder, or the folder of one artifact.</summary>
    /// <exception cref="InvalidInputException">There is no artifact.</exception>
    /// <exception cref="InvalidModelException">One is damaged.</exception>
    public static GivenStatistics Open(string path)
    {
        var artifacts = StoredArtifact.Is(path) ? [StoredArtifact.Open(path)] : StoredArtifact.In(path);
        return artifacts.Count > 0
            ? new GivenStatistics(path, artifacts)
            : throw new InvalidInputException(
                $"--stats {path}: there are no statistics. Name a folder that 'svdsurgeon stats' or 'svdsurgeon merge' has filled."
            );
    }

    /// <summary>The artifact for these inputs. Dense statistics must be there; a Fisher must match only where there is one.</summary>
    /// <exception cref="InvalidInputException">What is there was collected from something else, or is incomplete.</exception>
    /// <exception cref="InvalidModelException">A part is damaged.</exception>
    internal Artifact? Find(string stage, JsonObject inputs)
    {
        var (key, _) = WorkFolder.Describe(stage, inputs);
        var ofStage = _artifacts.Where(artifact => artifact.Stage == stage).ToList();
        // Damage is found before anything is computed with it.
        if (ofStage.Find(artifact => artifact.Artifact.Key == key) is { } match)
            return match.IsComplete && match.Expected.All(match.Artifact.Has)
                ? match.Artifact
                : throw new InvalidInputException(
                    $"--stats {_path}: {match.Name} is incomplete, {match.Missing.Count} of {match.Expected.Count} parts are missing. "
                        + $"Run 'svdsurgeon stats' to its end, or 'svdsurgeon merge' over all shards."
                );
        if (ofStage.Count > 0)
            throw new InvalidInputException(
                $"--stats {_path}: {ofStage[0].Name} was collected from {ArtifactInputs.Difference(ofStage[0].Inputs, inputs)}. Use the "
                    + $"options that it was collected with, or leave out --stats."
            );
        return stage == StageNames.Fisher
            ? null
            : throw new InvalidInputException(
                $"--stats {_path}: it holds no statistics of the stage '{stage}', which this method needs. Collect them with 'svdsurgeon "
                    + $"stats' and the same options, or leave out --stats."
            );
    }
}
