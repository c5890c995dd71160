using System.CommandLine;
using SvdSurgeon.Backends;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Pipeline;

namespace SvdSurgeon.Cli.Commands;

/// <summary>Options and arguments that several verbs share.</summary>
internal static class CommonOptions
{
    public static readonly Option<bool> Verbose = new("--verbose") { Description = "Show where an error came from.", Recursive = true };

    public static Argument<string> Model() => new("model") { Description = "Hugging Face folder, GGUF file or compressed folder." };

    public static Option<bool> Json() => new("--json") { Description = "Print one JSON object on standard output and nothing else." };

    public static Option<int> Threads() => new("--threads") { Description = "CPU threads; 0 for one a processor.", DefaultValueFactory = _ => 0 };

    public static Option<string> Device() => new("--device") { Description = "auto, cpu or cuda[:n].", DefaultValueFactory = _ => "auto" };

    public static Option<string?> Memory() => new("--memory") { Description = "Memory that the run may take, such as 600MB or 4GB. Default: what the machine or the container has." };

    /// <summary>Bytes of --memory, to which the managed heap is limited too; null when it is not given.</summary>
    public static long? ReadMemory(string? text)
    {
        if (text is null) return null;
        long memory = ProcessMemory.Parse(text);
        ProcessMemory.Limit(memory);
        return memory;
    }

    /// <summary>The backend that --device and --threads ask for. Nothing falls back in silence.</summary>
    public static IBackend OpenBackend(string device, int threads)
    {
#if GPU
        if (device == "auto" && GpuDevice.OpenIfUsable() is { } found)
        {
            Console.Error.WriteLine($"Computing on {found.Description}; --device cpu computes on the processor.");
            return found;
        }
        if (GpuDevice.Open(device) is { } gpu) return gpu;
#else
        if (device == "cuda" || device.StartsWith("cuda:", StringComparison.Ordinal) || device.StartsWith("cuda+", StringComparison.Ordinal))
            throw new InvalidInputException($"--device {device}: this build has no CUDA part. Use --device cpu, or build with -p:GpuPackages=all (docs/GPU.md).");
#endif
        return device is "auto" or "cpu" ? new CpuBackend(threads) : throw new InvalidInputException($"--device {device}: unknown device. Use auto, cpu or cuda[:n].");
    }
}
