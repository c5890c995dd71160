namespace SvdSurgeon.Cli.Commands.Demo;

/// <summary>The models and texts that are part of the program.</summary>
internal static class DemoAssets
{
    private const string Prefix = "Assets/";

    /// <summary>
    /// Writes them below <paramref name="folder"/>; results of an earlier demo there are removed, anything else is left alone.
    /// </summary>
    /// <exception cref="InvalidInputException">The folder is not empty and not a demo's.</exception>
    public static void Unpack(string folder)
    {
        string marker = Path.Combine(folder, ".svdsurgeon-demo");
        if (Directory.Exists(folder) && !File.Exists(marker) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new InvalidInputException(
                $"--out {folder}: the folder exists, is not empty and was not made by the demo. Choose another one."
            );
        Directory.CreateDirectory(folder);
        File.WriteAllText(marker, "Made by svdsurgeon demo, which replaces its contents.\n");
        string results = Path.Combine(folder, "results");
        if (Directory.Exists(results))
            Directory.Delete(results, recursive: true);
        var assembly = typeof(DemoAssets).Assembly;
        foreach (string name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            string path = Path.Combine(folder, name[Prefix.Length..]);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var source = assembly.GetManifestResourceStream(name)!;
            using var target = File.Create(path);
            source.CopyTo(target);
        }
    }
}
