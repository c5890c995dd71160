namespace SvdSurgeon.Cli.Tests;

/// <summary>Folders file by file.</summary>
internal static class FolderBytes
{
    /// <summary>Both folders hold the same files with the same bytes, but for runs.json: times and memory are no results.</summary>
    public static void AssertEqual(string actual, string expected)
    {
        string[] results = [.. Files(expected).Where(file => file != "runs.json")];
        Assert.That(Files(actual).Where(file => file != "runs.json"), Is.EqualTo(results), $"the files of {actual}");
        foreach (string file in results)
            Assert.That(
                File.ReadAllBytes(Path.Combine(actual, file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(expected, file))),
                $"the bytes of {Path.Combine(actual, file)}"
            );
    }

    /// <summary>Copies a folder with all that is in it.</summary>
    public static void Copy(string from, string to)
    {
        foreach (string file in Files(from))
        {
            string copy = Path.Combine(to, file);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(Path.Combine(from, file), copy);
        }
    }

    private static string[] Files(string folder) =>
        [
            .. Directory
                .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(folder, file))
                .Order(StringComparer.Ordinal),
        ];
}
