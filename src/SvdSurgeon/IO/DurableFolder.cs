using System.Runtime.InteropServices;

namespace SvdSurgeon.IO;

/// <summary>
/// Writes a folder's entries to the disk: a rename that a power cut undoes is no rename. Where the platform has no such call (Windows, some
/// network shares) nothing is done, and the file system's own journal must serve.
/// </summary>
internal static partial class DurableFolder
{
    private const int ReadOnly = 0,
        CloseOnExec = 0x80000;

    /// <summary>Returns when the entries of <paramref name="folder"/> are on the disk.</summary>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        int descriptor = Open(folder.Length == 0 ? "." : folder, OperatingSystem.IsLinux() ? ReadOnly | CloseOnExec : ReadOnly);
        if (descriptor < 0)
            return;
        _ = Synchronize(descriptor); // fails where a file system cannot do it
        _ = Close(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Synchronize(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
