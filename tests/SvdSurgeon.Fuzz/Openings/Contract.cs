using System.Diagnostics;

namespace SvdSurgeon.Fuzz.Openings;

/// <summary>
/// What every opening owes to bytes of unknown origin: it returns or throws one of the library's own exceptions, within two seconds, and
/// takes at most 64 MiB above twice the file's size.
/// </summary>
/// <param name="workspace">An empty folder for the files.</param>
/// <param name="fixtures">The folder of fixtures.</param>
internal sealed class Contract(string workspace, string fixtures)
{
    private const long MostBytes = 64L << 20;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);
    private readonly HashSet<string> _prepared = [];

    /// <summary>Opens the bytes and says how the contract was broken; null where it was kept.</summary>
    public string? Breach(Opening opening, ReadOnlySpan<byte> bytes)
    {
        string folder = Folder(opening, bytes);
        foreach (string place in opening.Place)
            File.WriteAllBytes(Path.Combine(folder, place), bytes);
        long start = Stopwatch.GetTimestamp(),
            before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            opening.Open(folder);
        }
        catch (SvdSurgeonException)
        {
            // refused with a sentence
        }
        catch (Exception e)
        {
            return $"{e.GetType().Name}: {e.Message} {e.StackTrace?.Split('\n').FirstOrDefault()?.Trim()}";
        }
        // All that was allocated, kept or not: more than the memory that was ever taken at once.
        long taken = GC.GetAllocatedBytesForCurrentThread() - before;
        if (taken > MostBytes + 2L * bytes.Length)
            return $"memory: {taken >> 20} MiB allocated";
        return Stopwatch.GetElapsedTime(start) is var time && time > Longest ? $"time: {time.TotalSeconds:F1} s" : null;
    }

    private string Folder(Opening opening, ReadOnlySpan<byte> bytes)
    {
        string? fixture = opening.Fixture(bytes);
        string folder = Path.Combine(workspace, opening.Name, fixture ?? "none");
        if (!_prepared.Add(folder))
            return folder;
        Directory.CreateDirectory(folder);
        if (fixture is not null)
            foreach (string file in Directory.EnumerateFiles(Path.Combine(fixtures, fixture), "*", SearchOption.AllDirectories))
            {
                string copy = Path.Combine(folder, Path.GetRelativePath(Path.Combine(fixtures, fixture), file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }
        foreach (string place in opening.Place)
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, place))!);
        return folder;
    }
}
