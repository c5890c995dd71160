using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Pipeline.Sources;
using SvdSurgeon.Reporting.Integers;

namespace SvdSurgeon.Reporting;

/// <summary>One output folder: its results by kept fraction, what its runs took, its recipe and the model that this names.</summary>
internal sealed record RunData(
    string Name,
    IReadOnlyList<ResultData> Results,
    IReadOnlyList<RunTimes> Times,
    string Recipe,
    string? ModelPath
)
{
    /// <summary>Its models of integers, by name.</summary>
    public IReadOnlyList<IntegerData> Integers { get; init; } = [];

    /// <summary>Finds and reads the output folders that are given, or that are in the folders that are given.</summary>
    /// <exception cref="InvalidInputException">There is no result, or results of different models.</exception>
    public static IReadOnlyList<RunData> Read(IReadOnlyList<string> paths)
    {
        var runs = new List<RunData>();
        foreach (string path in paths)
        {
            if (!Directory.Exists(path))
                throw new InvalidInputException($"{path}: the folder does not exist. Give the --out of a compression.");
            string[] folders = HasResults(path)
                ? [path]
                : [.. Directory.GetDirectories(path).Order(StringComparer.Ordinal).Where(HasResults)];
            if (folders.Length == 0)
                throw new InvalidInputException(
                    $"{path}: there is no result with a {ModelMetrics.FileName} in it. Give the --out of a compression."
                );
            foreach (string folder in folders)
                runs.Add(Read(folder));
        }
        var hashes = runs.SelectMany(run =>
                run.Results.Select(result => (run.Name, result.ModelHash))
                    .Concat(run.Integers.Select(result => (run.Name, result.ModelHash)))
            )
            .DistinctBy(r => r.ModelHash)
            .ToList();
        if (hashes.Count > 1)
            throw new InvalidInputException(
                $"{hashes[0].Name} and {hashes[1].Name} are compressions of different models. A report compares those of one; make two "
                    + $"reports."
            );
        return runs;
    }

    private static RunData Read(string folder)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))),
            recipe = Path.Combine(folder, Pipeline.Options.Recipe.FileName);
        return new RunData(
            name,
            [.. ResultFolders(folder).Select(ratio => ResultData.Read(name, ratio)).OrderByDescending(result => result.Ratio)],
            RunTimes.Read(folder),
            File.Exists(recipe) ? File.ReadAllText(recipe) : "",
            File.Exists(recipe) ? SourceJson.File(new StrictObject(JsonFile.ReadObject(recipe), recipe), "model").Path : null
        )
        {
            Integers = [.. IntegerData.Folders(folder).Select(result => IntegerData.Read(name, result))],
        };
    }

    private static bool HasResults(string folder) => ResultFolders(folder).Any() || IntegerData.Folders(folder).Any();

    private static IEnumerable<string> ResultFolders(string folder) =>
        Directory
            .EnumerateDirectories(folder, "ratio-*")
            .Order(StringComparer.Ordinal)
            .Where(ratio => File.Exists(Path.Combine(ratio, ModelMetrics.FileName)));
}
