using System.Text.Json.Nodes;
using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;

namespace SvdSurgeon.Pipeline.Results;

/// <summary>
/// The folder that a run fills: a folder a ratio, and the artifacts. Only folders that are empty or its own are ever written to.
/// </summary>
internal sealed class ResultFolder(string path)
{
    /// <summary>Name of the artifacts' folder when none is given.</summary>
    public const string Work = "work";
    private const string Marker = ".svdsurgeon";

    private static ReadOnlySpan<byte> MarkerText => "Results of svdsurgeon compress; runs may add to this folder.\n"u8;

    /// <summary>Refuses at once, before anything is read, a folder that another run works in.</summary>
    /// <exception cref="InvalidInputException">Another run works in it.</exception>
    internal void EnsureFree() => FolderLock.EnsureFree(path, Marker, "--out");

    /// <summary>
    /// Creates the folder, or checks that it is empty or was made by an earlier run. What a killed run left unfinished is removed.
    /// </summary>
    /// <returns>Keeps other runs out of the folder until it is disposed.</returns>
    /// <exception cref="InvalidInputException">It holds something else, another run works in it, or nothing can be written
    /// there.</exception>
    public IDisposable Claim()
    {
        if (File.Exists(path))
            throw new InvalidInputException($"--out {path}: there is a file of this name. Choose another folder.");
        string marker = Path.Combine(path, Marker);
        // A run that was killed while it wrote the marker has left nothing else.
        if (
            Directory.Exists(path)
            && !File.Exists(marker)
            && Directory.EnumerateFileSystemEntries(path).Any(entry => Path.GetFileName(entry) != Marker + AtomicFile.TemporarySuffix)
        )
            throw new InvalidInputException($"--out {path}: the folder exists and is not empty. Choose another one, or empty it.");
        FolderLock.CreateFolder(path, "--out");
        var inUse = FolderLock.Take(path, Marker, "--out", MarkerText);
        foreach (string unfinished in Directory.EnumerateDirectories(path, "*" + AtomicFile.TemporarySuffix))
            Directory.Delete(unfinished, recursive: true);
        foreach (string unfinished in Directory.EnumerateFiles(path, "*" + AtomicFile.TemporarySuffix))
            File.Delete(unfinished);
        return inUse;
    }

    /// <summary>Whether a run has made results in a folder.</summary>
    internal static bool Is(string folder) => File.Exists(Path.Combine(folder, Marker));

    /// <summary>Keeps runs out of a folder that a run has made, until it is disposed.</summary>
    /// <exception cref="InvalidInputException">A run works in it.</exception>
    internal static IDisposable Hold(string folder) => FolderLock.Take(folder, Marker, "--out", MarkerText);

    /// <summary>The folder of a ratio.</summary>
    public string Folder(double ratio) => Folder(Name(ratio));

    /// <summary>The folder of a result.</summary>
    public string Folder(string name) => Path.Combine(path, name);

    /// <summary>Whether the ratio's folder holds the result of this recipe.</summary>
    public bool Has(double ratio, JsonObject recipe) => Has(Name(ratio), recipe);

    /// <summary>Whether the folder holds the result of this description.</summary>
    public bool Has(string name, JsonObject description) =>
        Existing(name) is { } existing && description.All(entry => JsonNode.DeepEquals(existing[entry.Key], entry.Value));

    /// <summary>Refuses a ratio's folder that was made by another recipe.</summary>
    /// <exception cref="InvalidInputException">It was.</exception>
    public void Check(double ratio, JsonObject recipe) => Check(Name(ratio), recipe);

    /// <summary>Refuses a folder that was made by another description.</summary>
    /// <exception cref="InvalidInputException">It was.</exception>
    public void Check(string name, JsonObject description)
    {
        if (Directory.Exists(Folder(name)) && !Has(name, description))
            throw new InvalidInputException(
                $"--out {path}: {name} exists and was made with other options or data. Choose another --out; "
                    + $"--work {Path.Combine(path, Work)} reuses what was computed."
            );
    }

    /// <summary>
    /// Leaves the recipe of the run in the folder. A run that only adds ratios to an earlier one's joins them in one recipe.
    /// </summary>
    public void WriteRecipe(Recipe recipe)
    {
        string file = Path.Combine(path, Recipe.FileName);
        // One of another kind, of integers, has no ratios.
        if (
            File.Exists(file)
            && JsonFile.ReadObject(file) is var json
            && json.ContainsKey("ratios")
            && Recipe.FromJson(json, file) is var earlier
            && earlier.SameButRatios(recipe)
        )
            recipe = recipe.For([.. earlier.Options.Ratios.Union(recipe.Options.Ratios)]);
        recipe.Write(file);
    }

    private static string Name(double ratio) => $"ratio-{CompressionPlan.RatioText(ratio)}";

    private JsonNode? Existing(string name)
    {
        string config = Path.Combine(Folder(name), "config.json");
        return File.Exists(config) ? JsonNode.Parse(File.ReadAllText(config))?["svdsurgeon"] : null;
    }
}
