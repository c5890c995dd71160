using System.CommandLine;
using SvdSurgeon.Cli.Output.Progress;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Cli.Arguments;

/// <summary>Options and arguments that several verbs share.</summary>
internal static class CommonOptions
{
    public static readonly Option<bool> Verbose = new("--verbose") { Description = "Show where an error came from.", Recursive = true };

    /// <summary>How progress is shown.</summary>
    public static readonly Option<ProgressMode> Progress = new("--progress")
    {
        Description = "Progress on standard error: auto (a bar, or lines in a log file), plain (lines), json (an object a line) or none.",
        Recursive = true,
    };

    public static Argument<string> Model() => new("model") { Description = "Hugging Face folder, GGUF file or compressed folder." };

    public static Option<bool> Json() => new("--json") { Description = "Print one JSON object on standard output and nothing else." };

    public static Option<string?> Memory() =>
        new("--memory")
        {
            Description = "Memory that the run may take, such as 600MB or 4GB. Default: what the machine or the container has.",
        };

    /// <summary>Bytes of --memory, to which the managed heap is limited too; null when it is not given.</summary>
    public static long? ReadMemory(string? text)
    {
        if (text is null)
            return null;
        long memory = ProcessMemory.Parse(text);
        ProcessMemory.Limit(memory);
        return memory;
    }
}
