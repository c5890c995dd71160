namespace SvdSurgeon.IO;

/// <summary>
/// A folder that appears as a whole or not at all: it is filled under a temporary name beside the target and renamed at the end.
/// </summary>
internal sealed class OutputFolder : IDisposable
{
    private readonly string _target;
    private bool _committed;

    private OutputFolder(string target, string temporary) => (_target, Temporary) = (target, temporary);

    /// <summary>Where the files go until <see cref="Commit"/>.</summary>
    public string Temporary { get; }

    /// <summary>Makes sure, before any work, that a folder can be written to <paramref name="path"/>.</summary>
    /// <exception cref="InvalidInputException">There is a file, or a folder that is not empty.</exception>
    public static void EnsureUsable(string path)
    {
        if (File.Exists(path))
            throw new InvalidInputException($"{path}: there is a file of this name. Choose another output folder.");
        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
            throw new InvalidInputException(
                $"{path}: the output folder exists and is not empty. Choose another one or remove it; nothing is written over."
            );
    }

    /// <summary>Begins a folder. What an earlier run left under the temporary name when it was killed is removed.</summary>
    /// <exception cref="InvalidInputException">The target is not usable.</exception>
    /// <exception cref="IOException">The folder cannot be created.</exception>
    public static OutputFolder Create(string path)
    {
        EnsureUsable(path);
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string temporary = target + AtomicFile.TemporarySuffix;
        try
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
            Directory.CreateDirectory(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path}: the output folder cannot be created ({e.Message.TrimEnd('.')}). Choose another one.", e);
        }
        return new OutputFolder(target, temporary);
    }

    /// <summary>Gives the folder its name.</summary>
    /// <exception cref="IOException">It cannot be renamed.</exception>
    public void Commit()
    {
        if (Directory.Exists(_target))
            Directory.Delete(_target); // an empty one stands in the way of the rename
        DurableFolder.Flush(Temporary);
        Directory.Move(Temporary, _target);
        DurableFolder.Flush(Path.GetDirectoryName(_target) ?? _target);
        _committed = true;
    }

    /// <summary>Removes what was written, unless it was committed.</summary>
    public void Dispose()
    {
        if (_committed)
            return;
        try
        {
            Directory.Delete(Temporary, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // the error that led here is the one to report
    }
}
