using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SvdSurgeon.Benchmarks;

/// <summary>Seconds: of the wall, or of the processor on this thread, which other programs on the machine disturb less.</summary>
internal static partial class Clock
{
    private const int ThreadProcessorTime = 3;

    /// <summary>Count the processor's time of the calling thread; Linux alone has it.</summary>
    public static bool OfProcessor { get; set; }

    public static double Seconds
    {
        get
        {
            if (!OfProcessor)
                return Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
            _ = GetTime(ThreadProcessorTime, out var time);
            return time.Seconds + 1e-9 * time.Nanoseconds;
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out Time time);

    private struct Time
    {
        public long Seconds,
            Nanoseconds;
    }
}
