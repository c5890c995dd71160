using System.Diagnostics;
using System.Globalization;

namespace SvdSurgeon.Pipeline;

/// <summary>Memory of this process and of the machine.</summary>
public static class ProcessMemory
{
    /// <summary>Largest resident set so far, MiB.</summary>
    public static double PeakMiB()
    {
        // On Linux VmHWM is the kernel's own high-water mark; Process.PeakWorkingSet64 reads the same there, but costs a full parse of /proc.
        if (OperatingSystem.IsLinux())
            foreach (string line in File.ReadLines("/proc/self/status"))
                if (line.StartsWith("VmHWM:", StringComparison.Ordinal))
                    return long.Parse(line.AsSpan(6).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture) / 1024.0;
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 / 1048576.0;
    }

    /// <summary>Bytes that the process may use: the container's limit or the machine's memory.</summary>
    public static long Available => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
}
