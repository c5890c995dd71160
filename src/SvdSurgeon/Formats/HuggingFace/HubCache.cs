namespace SvdSurgeon.Formats.HuggingFace;

/// <summary>The hub's cache keeps a model in models--TEAM--NAME/snapshots/HASH; the folders above hold no model.</summary>
internal static class HubCache
{
    private const string Snapshots = "snapshots";

    /// <summary>A sentence that names the snapshots below a folder of the cache; empty for any other folder.</summary>
    public static string Hint(string folder)
    {
        string snapshots = Path.Combine(folder, Snapshots);
        if (Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)) == Snapshots)
            snapshots = folder;
        if (!Directory.Exists(snapshots))
            return "";
        string[] found = [.. Directory.EnumerateDirectories(snapshots).Order(StringComparer.Ordinal).Take(4)];
        return found.Length == 0 ? "" : $" It belongs to the hub's cache: the model is in {string.Join(" or ", found)}.";
    }
}
