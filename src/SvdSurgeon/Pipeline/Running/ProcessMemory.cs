using System.Diagnostics;
using System.Globalization;

namespace SvdSurgeon.Pipeline.Running;

/// <summary>Memory of this process and of the machine.</summary>
internal static class ProcessMemory
{
    // Less than this is taken by the runtime, mapped pages and one layer's work, whatever is asked for.
    private const long Least = 256L << 20;

    /// <summary>Largest resident set so far, MiB.</summary>
    public static double PeakMiB()
    {
        // On Linux VmHWM is the kernel's own high-water mark; Process.PeakWorkingSet64 reads the same there, but costs a full parse of
        // /proc.
        if (OperatingSystem.IsLinux())
            foreach (string line in File.ReadLines("/proc/self/status"))
                if (line.StartsWith("VmHWM:", StringComparison.Ordinal))
                    return long.Parse(line.AsSpan(6).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture) / 1024.0;
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 / 1048576.0;
    }

    /// <summary>
    /// Bytes that the process may use: the machine's memory, or the limit that a container, a shell (ulimit) or the runtime's settings set.
    /// </summary>
    public static long Available =>
        Math.Min(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes is > 0 and var heap ? heap : long.MaxValue, ResourceLimit());

    /// <summary>Reads an amount such as 600MB, 1.5GB or 512MiB.</summary>
    /// <exception cref="InvalidInputException">It is something else, or too little to work in.</exception>
    public static long Parse(string text)
    {
        int digits = 0;
        while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.'))
            digits++;
        long unit = text[digits..].Trim().ToUpperInvariant() switch
        {
            "MB" or "M" => 1_000_000,
            "GB" or "G" => 1_000_000_000,
            "MIB" => 1L << 20,
            "GIB" => 1L << 30,
            _ => 0,
        };
        if (
            unit == 0
            || !double.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double amount)
            || amount * unit > 1e15
        )
            throw new InvalidInputException($"--memory {text}: write an amount with its unit, such as 600MB, 4GB or 512MiB.");
        return amount * unit >= Least
            ? (long)(amount * unit)
            : throw new InvalidInputException(
                $"--memory {text}: too little; the runtime and the work on one module need {Least >> 20}MiB."
            );
    }

    /// <summary>
    /// Keeps the managed heap within its share of <paramref name="memory"/>: the collector then works more often instead of letting the
    /// heap grow.
    /// </summary>
    public static void Limit(long memory)
    {
        AppContext.SetData("GCHeapHardLimit", (ulong)(memory / 2));
        try
        {
            GC.RefreshMemoryLimit();
        }
        catch (InvalidOperationException) { } // the heap is already larger; the stages keep to the limit all the same
    }

    // The collector knows the container's limit, but not what ulimit -v and -d leave.
    private static long ResourceLimit()
    {
        long least = long.MaxValue;
        if (!OperatingSystem.IsLinux())
            return least;
        foreach (string line in File.ReadLines("/proc/self/limits"))
            if (
                line.StartsWith("Max address space", StringComparison.Ordinal) || line.StartsWith("Max data size", StringComparison.Ordinal)
            )
                if (long.TryParse(line.AsSpan(26).TrimStart().ToString().Split(' ')[0], CultureInfo.InvariantCulture, out long limit))
                    least = Math.Min(least, limit);
        return least;
    }
}
