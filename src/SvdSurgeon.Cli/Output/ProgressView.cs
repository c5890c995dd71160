using SvdSurgeon.Cli.Output.Progress;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Cli.Output;

/// <summary>Shows progress on standard error while something runs.</summary>
internal static class ProgressView
{
    /// <summary>What --progress says; set once, before the verb runs.</summary>
    public static ProgressMode Mode { get; set; } = ProgressMode.Auto;

    /// <summary>Runs <paramref name="work"/> with a sink for its progress.</summary>
    /// <param name="quiet">The verb prints one object and nothing else, unless --progress asks for more.</param>
    /// <param name="work">What runs.</param>
    /// <param name="expected">Its steps, where they are known.</param>
    public static T Run<T>(bool quiet, Func<IProgress<StageProgress>, T> work, IReadOnlyList<ExpectedStage>? expected = null)
    {
        var sink = Sink(quiet, expected ?? []);
        using (sink as IDisposable)
            return work(sink);
    }

    private static IProgress<StageProgress> Sink(bool quiet, IReadOnlyList<ExpectedStage> expected) =>
        Mode switch
        {
            ProgressMode.Json => new JsonProgress(Console.Error, expected),
            ProgressMode.Plain => new LineProgress(Console.Error, expected),
            ProgressMode.None => new NoProgress(),
            _ when quiet => new NoProgress(),
            _ when Console.IsErrorRedirected => new LineProgress(Console.Error, expected),
            _ => new BarProgress(Console.Error, PipedConsole.Width, expected),
        };
}
