using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Cli.Output.Progress;

/// <summary>Prints warnings when the first step begins: whoever is refused before that gets the refusal alone.</summary>
internal sealed class WarningsFirst(IProgress<StageProgress> progress, IReadOnlyList<string> warnings) : IProgress<StageProgress>
{
    private int _printed;

    public void Report(StageProgress value)
    {
        if (Interlocked.Exchange(ref _printed, 1) == 0)
            InputWarnings.Print(warnings);
        progress.Report(value);
    }
}
