using System.Text;

namespace SvdSurgeon.IO;

/// <summary>
/// The one way to write a file: under a temporary name, flushed to the disk, then renamed. A reader sees all of it or nothing.
/// </summary>
internal static class AtomicFile
{
    /// <summary>Suffix of files that are not finished; left behind only by a kill, and overwritten by the next run.</summary>
    public const string TemporarySuffix = ".partial";

    /// <summary>
    /// Stands before the suffix: names this process where several write in the same folders; empty where one does. Set once, at the start.
    /// </summary>
    internal static string Writer { get; set; } = "";

    /// <summary>Writes what <paramref name="write"/> puts into the stream.</summary>
    /// <param name="path">The file to create or replace; an older one stays as it was when writing fails.</param>
    /// <param name="write">Writes the contents.</param>
    /// <param name="expectedBytes">When known, the space is reserved first, so that a full disk is found before any work.</param>
    /// <exception cref="IOException">The disk is full or cannot be written; the message names the file and the bytes, nothing is left
    /// behind.</exception>
    public static void Write(string path, Action<FileStream> write, long expectedBytes = 0)
    {
        string temporary = path + Writer + TemporarySuffix;
        long bytes = expectedBytes;
        try
        {
            EnsureSpace(path, expectedBytes);
            using (
                var stream = new FileStream(
                    temporary,
                    new FileStreamOptions
                    {
                        Mode = FileMode.Create,
                        Access = FileAccess.ReadWrite,
                        Share = FileShare.None,
                        BufferSize = 1 << 16,
                        PreallocationSize = expectedBytes,
                    }
                )
            )
            {
                try
                {
                    write(stream);
                }
                finally
                {
                    bytes = Math.Max(bytes, stream.Position);
                }
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
            DurableFolder.Flush(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception e)
        {
            TryDelete(temporary);
            if (e is IOException or UnauthorizedAccessException && e is not UnwrittenFileException)
                throw new UnwrittenFileException(path, bytes, e);
            throw;
        }
    }

    /// <summary>Writes UTF-8 text.</summary>
    public static void WriteAllText(string path, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Write(path, stream => stream.Write(bytes), bytes.Length);
    }

    private static void EnsureSpace(string path, long bytes)
    {
        if (DiskSpace.Free(path) is { } free && bytes > free)
            throw new IOException($"the disk has {free} bytes free");
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // the first error is the one to report
    }

    // Its own type, so that a file written inside another's callback is not reported as the outer one.
    private sealed class UnwrittenFileException(string path, long bytes, Exception inner)
        : IOException(
            $"{Named(path)}: {(bytes > 0 ? bytes + " bytes" : "the file")} could not be written ({DiskSpace.Reason(inner, path)}). "
                + "Free space there or choose another folder; nothing was left behind.",
            inner
        )
    {
        // a file in an OutputFolder is called by the name that the folder will have
        private static string Named(string path) =>
            path.Replace(TemporarySuffix + Path.DirectorySeparatorChar, Path.DirectorySeparatorChar.ToString(), StringComparison.Ordinal);
    }
}
