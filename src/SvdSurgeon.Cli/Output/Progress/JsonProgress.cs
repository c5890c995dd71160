using System.Text.Json.Nodes;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Cli.Output.Progress;

/// <summary>An object a line for programs: what is being done, how much of it, and how long the run will still take.</summary>
internal sealed class JsonProgress(TextWriter writer, IReadOnlyList<ExpectedStage> expected) : IProgress<StageProgress>
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(500);

    private readonly RunClock _clock = new(expected);
    private readonly Lock _lock = new();
    private TimeSpan _last = TimeSpan.MinValue;
    private string _stage = "";

    public void Report(StageProgress value)
    {
        lock (_lock)
        {
            if (value.Stage == StageProgress.Warning)
            {
                writer.WriteLine(new JsonObject { ["warning"] = value.Detail }.ToJsonString());
                return;
            }
            _clock.Take(value);
            var now = _clock.Elapsed;
            if (value.Stage == _stage && value.Done < value.Total && now - _last < Between)
                return;
            (_stage, _last) = (value.Stage, now);
            writer.WriteLine(
                new JsonObject
                {
                    ["stage"] = value.Stage,
                    ["detail"] = value.Detail,
                    ["done"] = value.Done,
                    ["total"] = value.Total,
                    ["seconds"] = Math.Round(now.TotalSeconds, 1),
                    ["share_of_run"] = _clock.KnowsTheRun ? Math.Round(_clock.Share, 4) : null,
                    ["seconds_left"] = _clock.Left is { } left ? Math.Round(left.TotalSeconds, 1) : null,
                }.ToJsonString()
            );
        }
    }
}
