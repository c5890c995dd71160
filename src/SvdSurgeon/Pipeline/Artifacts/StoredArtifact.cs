using System.Text.Json.Nodes;
using SvdSurgeon.IO;

namespace SvdSurgeon.Pipeline.Artifacts;

/// <summary>An artifact as it is found on disk: what it was made from, and which of its parts are there.</summary>
internal sealed class StoredArtifact
{
    private StoredArtifact(Artifact artifact, string stage, JsonObject inputs, string text) =>
        (Artifact, Stage, Inputs, Text) = (artifact, stage, inputs, text);

    /// <summary>Folder and key.</summary>
    public Artifact Artifact { get; }

    /// <summary>Stage name.</summary>
    public string Stage { get; }

    /// <summary>What it was made from.</summary>
    public JsonObject Inputs { get; }

    /// <summary>artifact.json.</summary>
    internal string Text { get; }

    /// <summary>STAGE-KEY.</summary>
    public string Name => $"{Stage}-{Artifact.Key}";

    /// <summary>Whether the folder is an artifact.</summary>
    public static bool Is(string folder) => File.Exists(Path.Combine(folder, Artifact.Description));

    /// <summary>The artifacts in a work folder, by name.</summary>
    public static IReadOnlyList<StoredArtifact> In(string folder) =>
        Directory.Exists(folder) ? [.. Directory.EnumerateDirectories(folder).Where(Is).Order(StringComparer.Ordinal).Select(Open)] : [];

    /// <summary>Reads an artifact's description.</summary>
    /// <exception cref="InvalidModelException">artifact.json is damaged, of another format version, or not that of this folder.</exception>
    public static StoredArtifact Open(string folder)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string file = Path.Combine(folder, Artifact.Description);
        var json = JsonFile.ReadObject(file);
        if (
            json["format_version"] is not JsonValue version
            || !version.TryGetValue(out int number)
            || json["stage"] is not JsonValue stageNode
            || !stageNode.TryGetValue(out string? stage)
            || json["inputs"] is not JsonObject inputs
        )
            throw new InvalidModelException($"{file}: this is no description of an artifact. Remove the folder; it will be made again.");
        if (number != WorkFolder.FormatVersion)
            throw new InvalidModelException(
                $"{file}: the artifact has format version {number}, this program reads {WorkFolder.FormatVersion}. Remove the folder; it "
                    + $"will be made again."
            );
        var (key, text) = WorkFolder.Describe(stage, inputs);
        if (Path.GetFileName(folder) != $"{stage}-{key}")
            throw new InvalidModelException(
                $"{file}: it describes {stage}-{key}, but the folder is called {Path.GetFileName(folder)}. One of the two was changed; "
                    + $"remove the folder."
            );
        return new StoredArtifact(new Artifact(folder, key), stage, inputs, text);
    }

    /// <summary>The parts that a whole artifact has; those that are there where the description does not tell.</summary>
    public IReadOnlyList<string> Expected =>
        ArtifactParts.Expected(Stage, Inputs) is { Count: > 0 } parts
            ? parts
            :
            [
                .. Directory
                    .EnumerateFiles(Artifact.Folder, "*.safetensors")
                    .Select(file => Path.GetFileName(file))
                    .Order(StringComparer.Ordinal),
            ];

    /// <summary>Parts that are not there; those that are may be damaged (<see cref="Artifact.Has"/>).</summary>
    public IReadOnlyList<string> Missing => [.. Expected.Where(part => !Artifact.Lists(part))];

    /// <summary>Whether all parts are there.</summary>
    public bool IsComplete => Missing.Count == 0;

    /// <summary>The blocks of sequences that shards have left here for every layer.</summary>
    internal IReadOnlyList<int> ShardBlocks()
    {
        if (!ArtifactParts.AreSums(Stage, Inputs))
            return [];
        int layers = (int)Inputs["layers"]!;
        return
        [
            .. Enumerable
                .Range(0, ArtifactParts.Blocks(Stage, Inputs).Count)
                .Where(block => Enumerable.Range(0, layers).All(layer => Artifact.Lists(ArtifactParts.Block(block, layer)))),
        ];
    }

    /// <summary>The sequences that shards have left here for every layer, in words; null for none.</summary>
    public string? ShardSequences()
    {
        if (ShardBlocks() is not { Count: > 0 } present)
            return null;
        var blocks = ArtifactParts.Blocks(Stage, Inputs);
        var ranges = new List<(int First, int Last)>();
        foreach (int block in present)
        {
            int first = blocks.First(block) + 1,
                last = blocks.First(block) + blocks.Length(block);
            if (ranges.Count > 0 && ranges[^1].Last == first - 1)
                ranges[^1] = (ranges[^1].First, last);
            else
                ranges.Add((first, last));
        }
        return $"sequences {string.Join(", ", ranges.Select(r => $"{r.First} to {r.Last}"))} of {blocks.Sequences}";
    }

    /// <summary>What it was made from, in words: a name and what there is to say of it.</summary>
    public IReadOnlyList<(string Name, string Value)> InWords() => [.. ArtifactInputs.InWords(this)];

    /// <summary>Bytes of its files.</summary>
    public long Bytes => new DirectoryInfo(Artifact.Folder).EnumerateFiles().Sum(file => file.Length);
}
