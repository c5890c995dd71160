using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Cli.Output.Progress;

/// <summary>Shows nothing.</summary>
internal sealed class NoProgress : IProgress<StageProgress>
{
    public void Report(StageProgress value) { }
}
