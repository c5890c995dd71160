namespace SvdSurgeon.Tests.Formats;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("svdsurgeon-test-").FullName;

    public string File(string name) => Path.Combine(Root, name);

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, ReadOnlySpan<byte> contents)
    {
        string path = File(name);
        System.IO.File.WriteAllBytes(path, contents);
        return path;
    }

    public string Write(string name, string contents)
    {
        string path = File(name);
        System.IO.File.WriteAllText(path, contents);
        return path;
    }

    /// <summary>Copies all files of a folder.</summary>
    public string CopyFolder(string source)
    {
        foreach (string file in Directory.GetFiles(source))
            System.IO.File.Copy(file, File(Path.GetFileName(file)), overwrite: true);
        return Root;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
