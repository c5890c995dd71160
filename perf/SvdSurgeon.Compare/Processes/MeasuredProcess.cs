using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace SvdSurgeon.Compare.Processes;

/// <summary>What a process took.</summary>
/// <param name="Wall">Seconds from start to end.</param>
/// <param name="Processor">Seconds of processor time, user and system; NaN where the system does not tell.</param>
/// <param name="PeakMiB">Largest resident set, mapped files included; NaN where the system does not tell.</param>
/// <param name="Output">Standard output.</param>
internal sealed record ProcessCost(double Wall, double Processor, double PeakMiB, string Output);

/// <summary>Runs a process to its end and says what it took, one at a time.</summary>
internal static partial class MeasuredProcess
{
    /// <summary>How memory and processor time are found, for the report.</summary>
    public const string How =
        "Peak resident set: the kernel's VmHWM in /proc/PID/status, read every 20 ms until the process ends (getrusage's ru_maxrss would "
        + "count the parent before exec); processor time: getrusage of the ended children.";

    /// <summary>Runs <paramref name="program"/>.</summary>
    /// <exception cref="InvalidInputException">It cannot be started, or ended with another code than 0; the message has its last
    /// lines.</exception>
    public static ProcessCost Run(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        double before = ChildrenSeconds();
        long clock = Stopwatch.GetTimestamp();
        using var process = Started(start);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        double peak = double.NaN;
        do
        {
            if (PeakMiB(process.Id) is { } seen)
                peak = seen;
        } while (!process.WaitForExit(20));
        double wall = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        process.WaitForExit();
        double processor = ChildrenSeconds() - before;
        if (process.ExitCode != 0)
            throw new InvalidInputException(
                $"{Path.GetFileName(program)} {string.Join(' ', start.ArgumentList.Take(3))}… ended with code {process.ExitCode}: "
                    + $"{string.Join(" / ", error.Result.Trim().Split('\n').TakeLast(3))}"
            );
        return new ProcessCost(wall, processor, peak, output.Result);
    }

    private static Process Started(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new InvalidInputException($"{start.FileName} cannot be started: {error.Message}.");
        }
    }

    private static double? PeakMiB(int process)
    {
        try
        {
            foreach (string line in File.ReadLines($"/proc/{process}/status"))
                if (line.StartsWith("VmHWM:", StringComparison.Ordinal))
                    return long.Parse(line.AsSpan(6).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture) / 1024.0;
        }
        catch (IOException) { } // it has ended, or there is no /proc
        return null;
    }

    private static double ChildrenSeconds()
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
            return double.NaN;
        Span<long> usage = stackalloc long[18]; // struct rusage: user and system time as seconds and microseconds, then 14 more
        return GetUsage(-1, ref usage[0]) == 0 ? usage[0] + usage[2] + 1e-6 * (usage[1] + usage[3]) : double.NaN;
    }

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static partial int GetUsage(int who, ref long usage);
}
