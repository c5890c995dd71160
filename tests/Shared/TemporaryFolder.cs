namespace SvdSurgeon;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("svdsurgeon-test-").FullName;

    /// <summary>The path of a file or folder in it, whether it is there or not.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, ReadOnlySpan<byte> contents)
    {
        File.WriteAllBytes(this[name], contents);
        return this[name];
    }

    public string Write(string name, string contents)
    {
        File.WriteAllText(this[name], contents);
        return this[name];
    }

    /// <summary>Copies the files of a folder into this one, over those of the same name, and returns this one's path.</summary>
    public string CopyFilesOf(string folder)
    {
        CopyFiles(folder, Path);
        return Path;
    }

    /// <summary>Copies the files of a folder into a new one of this name here, and returns its path.</summary>
    public string CopyOf(string folder, string name)
    {
        Directory.CreateDirectory(this[name]);
        CopyFiles(folder, this[name]);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private static void CopyFiles(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from))
            File.Copy(file, System.IO.Path.Combine(to, System.IO.Path.GetFileName(file)), overwrite: true);
    }
}
