using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Cli.Output.Progress;

/// <summary>
/// Lines for a log file: one when a step begins, and between them one every two seconds in the first minute, every ten in the first ten,
/// then every minute, whether the run reports anything or not.
/// </summary>
internal sealed class LineProgress : IProgress<StageProgress>, IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly TextWriter _writer;
    private readonly RunClock _clock;
    private readonly Timer _timer;
    private readonly Lock _lock = new();
    private TimeSpan _last = TimeSpan.MinValue;
    private string _stage = "";

    public LineProgress(TextWriter writer, IReadOnlyList<ExpectedStage> expected)
    {
        (_writer, _clock) = (writer, new RunClock(expected));
        _timer = new Timer(_ => Due(), null, Tick, Tick);
    }

    public void Report(StageProgress value)
    {
        if (value.Stage == StageProgress.Warning)
            return; // printed with the result
        lock (_lock)
        {
            _clock.Take(value);
            if (value.Stage == _stage)
                return;
            _stage = value.Stage;
            Write();
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        lock (_lock) { } // a line that is being written ends first
    }

    private void Due()
    {
        lock (_lock)
        {
            var elapsed = _clock.Elapsed;
            double between =
                elapsed < TimeSpan.FromMinutes(1) ? 2
                : elapsed < TimeSpan.FromMinutes(10) ? 10
                : 60;
            if (_stage.Length > 0 && (elapsed - _last).TotalSeconds >= between)
                Write();
        }
    }

    private void Write()
    {
        _last = _clock.Elapsed;
        string share = FormattableString.Invariant($"{Math.Floor(100 * _clock.Share):F0} %"),
            left = _clock.Left is { } time ? $", {Duration.Clock(time)} left" : "";
        string of = _clock.KnowsTheRun ? "" : " of this step";
        string detail = _clock.Last.Detail.Length > 0 ? ": " + _clock.Last.Detail : "";
        _writer.WriteLine($"[{_last:hh\\:mm\\:ss}] {share}{of}{left}; {StageWords.Of(_stage)}{detail}");
    }
}
