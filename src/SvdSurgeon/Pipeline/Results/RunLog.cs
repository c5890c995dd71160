using System.Text.Json.Nodes;
using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.Results;

/// <summary>
/// runs.json of an output folder: what every run that added to it took. The one file of a result that no other run repeats to the byte.
/// </summary>
internal static class RunLog
{
    /// <summary>The file's name in the output folder.</summary>
    public const string FileName = "runs.json";
    private const int MostRuns = 100;

    /// <summary>Adds a run; of very many the last are kept.</summary>
    public static void Add(string outputFolder, CompressionOptions options, CompressionResult result) =>
        Add(outputFolder, "ratios", options.Ratios, result.Stages, result.Warnings);

    /// <summary>The same of any run.</summary>
    /// <param name="outputFolder">Where its results are.</param>
    /// <param name="key">What its sizes are called: ratios or bits.</param>
    /// <param name="sizes">The sizes.</param>
    /// <param name="stages">Times and memory.</param>
    /// <param name="warnings">What the user should know.</param>
    public static void Add(
        string outputFolder,
        string key,
        IReadOnlyList<double> sizes,
        IReadOnlyList<StageTime> stages,
        IReadOnlyList<string> warnings
    )
    {
        var runs = Read(outputFolder);
        while (runs.Count >= MostRuns)
            runs.RemoveAt(0);
        runs.Add(
            (JsonNode)
                new JsonObject
                {
                    [key] = new JsonArray([.. sizes.Select(size => (JsonNode)size)]),
                    ["peak_mib"] = Math.Round(ProcessMemory.PeakMiB(), 1),
                    ["stages"] = new JsonArray([
                        .. stages.Select(stage => new JsonObject
                        {
                            ["name"] = stage.Name,
                            ["seconds"] = Math.Round(stage.Seconds, 3),
                            ["peak_mib"] = Math.Round(stage.PeakMiB, 1),
                            ["reused"] = stage.Reused,
                        }),
                    ]),
                    ["warnings"] = new JsonArray([.. warnings.Select(warning => (JsonNode?)warning)]),
                }
        );
        AtomicFile.WriteAllText(Path.Combine(outputFolder, FileName), JsonText.Indented(new JsonObject { ["runs"] = runs }));
    }

    /// <summary>The runs of an output folder, oldest first; none where there is no file.</summary>
    public static JsonArray Read(string outputFolder)
    {
        string file = Path.Combine(outputFolder, FileName);
        return File.Exists(file) && JsonFile.ReadObject(file)["runs"] is JsonArray runs ? (JsonArray)runs.DeepClone() : [];
    }
}
