namespace SvdSurgeon.IO;

/// <summary>
/// Keeps a second run out of a folder for as long as one works in it. The system lets go of the lock when a process ends, however it ends.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    private readonly FileStream _file;
    private FolderLock? _with;

    private FolderLock(FileStream file) => _file = file;

    /// <summary>Creates the folder that will be locked.</summary>
    /// <exception cref="InvalidInputException">It cannot be created.</exception>
    public static void CreateFolder(string folder, string option)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(folder, option, e);
        }
    }

    /// <summary>Locks a folder by a file in it, which stays there when the lock is gone.</summary>
    /// <param name="folder">The folder; it must exist.</param>
    /// <param name="name">Name of the file.</param>
    /// <param name="option">The option that names the folder, for messages.</param>
    /// <param name="contents">What the file says to who finds it; written where it is new.</param>
    /// <exception cref="InvalidInputException">Another run works in the folder, or nothing can be written there.</exception>
    public static FolderLock Take(string folder, string name, string option, ReadOnlySpan<byte> contents)
    {
        var file = Open(folder, name, option, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        try
        {
            // A run that was killed may have left a part of it.
            if (file.Length != contents.Length)
            {
                file.SetLength(0);
                file.Write(contents);
                file.Flush(flushToDisk: true);
            }
            return new FolderLock(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file.Dispose();
            throw Unusable(folder, option, e);
        }
    }

    /// <summary>Locks a folder for a moment, after those that hold it now.</summary>
    /// <inheritdoc cref="Take"/>
    public static FolderLock Await(string folder, string name, string option)
    {
        for (; ; Thread.Sleep(10))
            try
            {
                return Take(folder, name, option, []);
            }
            catch (InvalidInputException e) when (e.InnerException is IOException inner && IsTaken(inner)) { }
    }

    /// <summary>Keeps out only who wants the folder alone: several hold it together.</summary>
    /// <inheritdoc cref="Take"/>
    public static FolderLock Share(string folder, string name, string option) =>
        new(Open(folder, name, option, FileMode.OpenOrCreate, FileAccess.Read, FileShare.Read));

    /// <summary>Refuses a folder that is locked now; one that does not exist is free. Nothing is written.</summary>
    /// <inheritdoc cref="Take"/>
    public static void EnsureFree(string folder, string name, string option)
    {
        if (File.Exists(Path.Combine(folder, name)))
            Open(folder, name, option, FileMode.Open, FileAccess.Read, FileShare.Read).Dispose();
    }

    /// <summary>Both locks, as one.</summary>
    public FolderLock With(FolderLock other)
    {
        _with = other;
        return this;
    }

    public void Dispose()
    {
        _with?.Dispose();
        _file.Dispose();
    }

    private static FileStream Open(string folder, string name, string option, FileMode mode, FileAccess access, FileShare share)
    {
        try
        {
            return new FileStream(Path.Combine(folder, name), mode, access, share, 1);
        }
        catch (IOException e) when (IsTaken(e))
        {
            throw new InvalidInputException(
                $"{option} {folder}: another run works in this folder. Wait for it, or choose another folder.",
                e
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(folder, option, e);
        }
    }

    private static InvalidInputException Unusable(string folder, string option, Exception e) =>
        new($"{option} {folder}: nothing can be written there ({e.Message.TrimEnd('.')}). Choose another folder.", e);

    // A sharing violation: EAGAIN of Linux and of macOS, ERROR_SHARING_VIOLATION of Windows.
    private static bool IsTaken(IOException error) => error.HResult is 11 or 35 or unchecked((int)0x80070020);
}
