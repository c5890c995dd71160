using System.Text;

namespace SvdSurgeon.Formats;

/// <summary>The one way to write a file: under a temporary name, flushed to the disk, then renamed. A reader sees all of it or nothing.</summary>
public static class AtomicFile
{
    /// <summary>Suffix of files that are not finished; left behind only by a kill, and overwritten by the next run.</summary>
    public const string TemporarySuffix = ".partial";

    /// <summary>Writes what <paramref name="write"/> puts into the stream.</summary>
    /// <exception cref="IOException">The disk is full or cannot be written; nothing is left behind.</exception>
    public static void Write(string path, Action<FileStream> write)
    {
        string temporary = path + TemporarySuffix;
        try
        {
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Writes UTF-8 text.</summary>
    public static void WriteAllText(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
}
