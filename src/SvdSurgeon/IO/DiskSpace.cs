namespace SvdSurgeon.IO;

/// <summary>What a disk has left, and why it took no more.</summary>
internal static class DiskSpace
{
    /// <summary>Bytes that are free where a file goes; null where the system does not tell, as on some network shares.</summary>
    public static long? Free(string path)
    {
        try
        {
            string full = Path.GetFullPath(path),
                folder = Directory.Exists(full) ? full : Path.GetDirectoryName(full)!;
            return new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(full)! : folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>The runtime's words for an error, without the file's name, which may be a temporary one; and what is free.</summary>
    public static string Reason(Exception error, string path)
    {
        int colon = error.Message.IndexOf(" : '", StringComparison.Ordinal);
        string words = (colon < 0 ? error.Message : error.Message[..colon]).TrimEnd('.', ' ');
        return Free(path) is { } free && !words.Contains("free", StringComparison.Ordinal) ? $"{words}; {free} bytes are free" : words;
    }
}
