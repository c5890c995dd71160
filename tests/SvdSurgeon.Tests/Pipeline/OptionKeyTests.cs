using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>
/// Changes every option in turn, each in a work folder of its own. No artifact may keep its key and get other contents, and those that the
/// table of options names get other keys, no others.
/// </summary>
[TestFixture, Parallelizable(ParallelScope.All)]
public sealed class OptionKeyTests
{
    private static readonly CompressionOptions Common = new()
    {
        Ratios = [0.5],
        Sequences = 3,
        FisherSequences = 4,
        KlSequences = 2,
        StorageType = DType.F32,
        SurgeonOptions = new() { PoolFraction = 0.3 },
    };

    // Together they run every stage.
    private static readonly CompressionOptions[] Bases =
    [
        Common with
        {
            Surgeon = SurgeonMode.Select,
            Columns = ColumnMode.Preserve,
        },
        Common with
        {
            Method = CompressionMethod.Kfac,
            Newton = 1,
            Fisher = FisherSamples.Tokens,
        },
        Common with
        {
            Method = CompressionMethod.Kfac,
            Surgeon = SurgeonMode.None,
            Sequential = new(0.5),
            Storage = StorageForm.Pivoted,
        },
        Common with
        {
            Surgeon = SurgeonMode.None,
            Allocate = AllocationRule.Dp,
            Update = true,
        },
    ];

    // What stands for another artifact, whose own key is looked at, and what is measured: ranks, the length of a Newton step.
    private static readonly string[] Keys = ["factors", "fisher", "inputs", "outputs", "means", "modules", "divergence", "ranks", "length"];

    private static readonly Lazy<Made>[] MadeOf = [.. Bases.Select(options => new Lazy<Made>(() => Make(options)))];

    public static IEnumerable<string> Options => OptionTable.All.Select(option => option.Key);

    [TestCaseSource(nameof(Options))]
    public void An_option_changes_the_keys_of_the_artifacts_that_it_names_and_no_others(string key)
    {
        var (changed, seen) = (new SortedSet<string>(StringComparer.Ordinal), new SortedSet<string>(StringComparer.Ordinal));
        for (int i = 0; i < Bases.Length; i++)
            foreach (var options in Others(OptionTable.Named(key), Bases[i]))
            {
                var (before, after) = (MadeOf[i].Value, Make(options));
                if (options.Searches)
                {
                    Assert.That(after.Descriptions[StageNames.HeldOut].All(text => text.Contains($"\"{key}\"", StringComparison.Ordinal)));
                    changed.Add(StageNames.HeldOut);
                    seen.Add(StageNames.HeldOut);
                    break;
                }
                foreach (var (name, contents) in after.Contents)
                    if (before.Contents.TryGetValue(name, out string? was))
                        Assert.That(contents, Is.EqualTo(was), $"{name} has other contents with another {key}, and the same key");
                foreach (string stage in before.Descriptions.Keys.Union(after.Descriptions.Keys))
                {
                    seen.Add(stage);
                    if (!before.Descriptions.GetValueOrDefault(stage, []).SetEquals(after.Descriptions.GetValueOrDefault(stage, [])))
                        changed.Add(stage);
                }
            }
        Assert.That(seen, Is.Not.Empty, "one of the bases can have another value");
        Assert.That(changed, Is.EquivalentTo(ArtifactOptions.Stages(key).Intersect(seen)));
    }

    // The options with other values of one of them, as far as the rest allows: every name, one number.
    private static IEnumerable<CompressionOptions> Others(CompressionOption option, CompressionOptions options)
    {
        foreach (var value in Values(option, options))
        {
            var json = options.ToJson();
            string[] path = option.Key.Split('.');
            if (path.Length == 1)
                json[option.Key] = value;
            else if (json[path[0]] is JsonObject part)
                part[path[1]] = value;
            var other = CompressionOptions.FromJson(json, options.Ratios, "test");
            if (JsonNode.DeepEquals(other.ToJson(), options.ToJson()))
                continue;
            if (IsAllowed(other))
                yield return other;
        }
    }

    private static bool IsAllowed(CompressionOptions options)
    {
        try
        {
            options.Validate();
            return true;
        }
        catch (InvalidInputException)
        {
            return false;
        }
    }

    private static IEnumerable<JsonNode?> Values(CompressionOption option, CompressionOptions options)
    {
        var schema = option.Schema();
        if (schema["enum"] is JsonArray names)
            return names.Where(name => name is null || (string?)name != "auto").Select(name => name?.DeepClone());
        return (option.Key, (schema["type"] as JsonArray)?[0]?.ToString() ?? (string)schema["type"]!) switch
        {
            ("sequential", _) => [new JsonObject { ["strength"] = 0.75 }],
            ("sequential_by_layer", _) when options.Sequential is null => [],
            ("sequential_by_layer", _) => [Layers(layer => new() { ["strength"] = 0.25 * layer })],
            ("surgeon_by_layer", _) when options.Surgeon == SurgeonMode.None => [],
            ("surgeon_by_layer", _) => [Layers(layer => new() { ["scale"] = 0.25 * layer })],
            (_, "boolean") => [true, false],
            (_, "integer") => [(int)option.Write(options)! + 1],
            _ => [0.45],
        };
    }

    private static JsonArray Layers(Func<int, JsonObject> layer) => new([.. Enumerable.Range(0, 3).Select(layer)]);

    private static Made Make(CompressionOptions options)
    {
        using var run = new TinyRun();
        run.Compress(options, evaluate: false);
        var artifacts = StoredArtifact.In(Path.Combine(run.Folder, "work"));
        return new Made(
            artifacts
                .GroupBy(artifact => artifact.Stage, StringComparer.Ordinal)
                .ToDictionary(
                    stage => stage.Key,
                    stage => stage.Select(artifact => Masked(artifact.Inputs).ToJsonString()).ToHashSet(StringComparer.Ordinal),
                    StringComparer.Ordinal
                ),
            artifacts.ToDictionary(artifact => artifact.Name, Contents, StringComparer.Ordinal)
        );
    }

    private static JsonObject Masked(JsonObject inputs)
    {
        var masked = (JsonObject)inputs.DeepClone();
        foreach (string key in Keys)
            if (masked[key] is not null)
                masked[key] = "*";
        if (masked["metric"] is JsonObject metric)
            masked["metric"] = Masked(metric);
        return masked;
    }

    private static string Contents(StoredArtifact artifact) =>
        string.Join(
            '\n',
            Directory
                .EnumerateFiles(artifact.Artifact.Folder)
                .Order(StringComparer.Ordinal)
                .Select(file =>
                    Path.GetFileName(file) + Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)))
                )
        );

    /// <summary>What a run has left in its work folder.</summary>
    /// <param name="Descriptions">By stage, what artifacts were made from, other artifacts' keys left out.</param>
    /// <param name="Contents">By folder name, hashes of all files.</param>
    private sealed record Made(Dictionary<string, HashSet<string>> Descriptions, Dictionary<string, string> Contents);
}
