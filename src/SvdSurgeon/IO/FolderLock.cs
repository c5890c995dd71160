namespace SvdSurgeon.IO;

/// <summary>
/// Keeps a second run out of a folder for as long as one works in it. The system lets go of the lock when a process ends, however it ends.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    /// <summary>Locks a folder by a file in it, which stays there when the lock is gone.</summary>
    /// <param name="folder">The folder; it must exist.</param>
    /// <param name="name">Name of the file.</param>
    /// <param name="option">The option that names the folder, for messages.</param>
    /// <param name="contents">What the file says to who finds it; written where it is new.</param>
    /// <exception cref="InvalidInputException">Another run works in the folder, or nothing can be written there.</exception>
    public static FolderLock Take(string folder, string name, string option, ReadOnlySpan<byte> contents)
    {
        string path = Path.Combine(folder, name);
        try
        {
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
            // A run that was killed may have left a part of it.
            if (file.Length != contents.Length)
            {
                file.SetLength(0);
                file.Write(contents);
                file.Flush(flushToDisk: true);
            }
            return new FolderLock(file);
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
            throw new InvalidInputException(
                $"{option} {folder}: nothing can be written there ({e.Message.TrimEnd('.')}). Choose another folder.",
                e
            );
        }
    }

    public void Dispose() => _file.Dispose();

    // A sharing violation: EAGAIN of Linux and of macOS, ERROR_SHARING_VIOLATION of Windows.
    private static bool IsTaken(IOException error) => error.HResult is 11 or 35 or unchecked((int)0x80070020);
}
