using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using SvdSurgeon.Pipeline.Artifacts;

namespace SvdSurgeon.Cli.Output;

/// <summary>Artifacts and work folders as a person or a program reads them.</summary>
internal static class ArtifactView
{
    /// <summary>Shows the path if it is an artifact or a work folder.</summary>
    public static bool TryShow(string path, bool json)
    {
        bool single = StoredArtifact.Is(path);
        IReadOnlyList<StoredArtifact> artifacts = single ? [StoredArtifact.Open(path)] : StoredArtifact.In(path);
        if (artifacts.Count == 0)
            return false;
        if (json)
            JsonOutput.Write(single ? ToJson(artifacts[0]) : new JsonObject { ["path"] = path, ["artifacts"] = ToJson(artifacts) });
        else if (single)
            Print(artifacts[0]);
        else
            PrintTable(artifacts);
        return true;
    }

    /// <summary>One object an artifact.</summary>
    public static JsonArray ToJson(IReadOnlyList<StoredArtifact> artifacts) => new([.. artifacts.Select(ToJson)]);

    /// <summary>One line an artifact.</summary>
    public static void PrintTable(IReadOnlyList<StoredArtifact> artifacts)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (string column in (string[])["artifact", "made from", "parts", "size"])
            table.AddColumn(column);
        foreach (int i in (int[])[2, 3])
            table.Columns[i].RightAligned();
        foreach (var artifact in artifacts)
            table.AddRow(
                Markup.Escape(artifact.Name),
                Markup.Escape(
                    string.Join(
                        "; ",
                        artifact
                            .InWords()
                            .Where(f => f.Name is not ("model" or "layers" or "tokens"))
                            .Select(f => f.Name is "calibration" or "length" ? f.Value : $"{f.Name} {f.Value}")
                    )
                ),
                Parts(artifact),
                Bytes.Text(artifact.Bytes)
            );
        AnsiConsole.Write(table);
    }

    private static void Print(StoredArtifact artifact)
    {
        var facts = new Grid().AddColumn().AddColumn();
        void Fact(string name, string value) => facts.AddRow(Markup.Escape(name), Markup.Escape(value));
        Fact("artifact", artifact.Artifact.Folder);
        Fact("stage", artifact.Stage);
        Fact("key", artifact.Artifact.Key);
        foreach (var (name, value) in artifact.InWords())
            Fact(name, value);
        Fact(
            "parts",
            Parts(artifact)
                + (
                    artifact.IsComplete
                        ? ", complete"
                        : $"; missing: {string.Join(", ", artifact.Missing.Take(4))}{(artifact.Missing.Count > 4 ? ", …" : "")}"
                )
        );
        if (artifact.ShardSequences() is { } sequences)
            Fact("shards", sequences);
        Fact("size", Bytes.Text(artifact.Bytes));
        AnsiConsole.Write(facts);
    }

    private static JsonObject ToJson(StoredArtifact artifact) =>
        new()
        {
            ["artifact"] = artifact.Name,
            ["folder"] = artifact.Artifact.Folder,
            ["stage"] = artifact.Stage,
            ["key"] = artifact.Artifact.Key,
            ["inputs"] = artifact.Inputs.DeepClone(),
            ["complete"] = artifact.IsComplete,
            ["parts"] = artifact.Expected.Count,
            ["missing"] = new JsonArray([.. artifact.Missing.Select(part => (JsonNode?)part)]),
            ["shards"] = artifact.ShardSequences(),
            ["bytes"] = artifact.Bytes,
        };

    private static string Parts(StoredArtifact artifact) =>
        string.Create(CultureInfo.InvariantCulture, $"{artifact.Expected.Count - artifact.Missing.Count} of {artifact.Expected.Count}");
}
