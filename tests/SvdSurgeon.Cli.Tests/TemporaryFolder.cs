namespace SvdSurgeon.Cli.Tests;

/// <summary>A folder that is deleted with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("svdsurgeon-test-").FullName;
    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);

    /// <summary>A copy of a folder, to be damaged.</summary>
    public string CopyOf(string folder, string name)
    {
        string copy = this[name];
        Directory.CreateDirectory(copy);
        foreach (string file in Directory.EnumerateFiles(folder))
            File.Copy(file, System.IO.Path.Combine(copy, System.IO.Path.GetFileName(file)));
        return copy;
    }
}
