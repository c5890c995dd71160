using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Cli.Output.Progress;

/// <summary>
/// One line at the bottom of a terminal, as wide as it or narrower: a bar, the share, the time left, the step in words. A clock moves it
/// where the run itself has nothing new to say.
/// </summary>
internal sealed class BarProgress : IProgress<StageProgress>, IDisposable
{
    private const int Narrowest = 20;
    private const string Spinner = "|/-\\";
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);

    private readonly TextWriter _writer;
    private readonly Func<int> _width;
    private readonly RunClock _clock;
    private readonly Timer _timer;
    private readonly Lock _lock = new();
    private int _ticks,
        _shown;
    private bool _ended;

    /// <param name="writer">The terminal.</param>
    /// <param name="width">Its columns, which may change.</param>
    /// <param name="expected">Steps to come.</param>
    public BarProgress(TextWriter writer, Func<int> width, IReadOnlyList<ExpectedStage> expected)
    {
        (_writer, _width, _clock) = (writer, width, new RunClock(expected));
        _timer = new Timer(_ => Draw(), null, TimeSpan.Zero, Tick);
    }

    public void Report(StageProgress value)
    {
        if (value.Stage == StageProgress.Warning)
            return; // printed with the result
        lock (_lock)
            _clock.Take(value);
    }

    /// <summary>The line for a width, without what clears it.</summary>
    public static string Line(RunClock clock, int width, int tick)
    {
        string left = clock.Left is { } time ? $"{Duration.Clock(time)} left" : Duration.Clock(clock.Elapsed),
            head = FormattableString.Invariant($" {Math.Floor(100 * clock.Share), 3:F0} % {left} {Spinner[tick % Spinner.Length]} "),
            words = StageWords.Of(clock.Last.Stage ?? "");
        string detail = clock.Last.Detail is { Length: > 0 } more ? $"{words}: {more}" : words;
        int bar = width >= 60 ? 20 : 8,
            filled = (int)(bar * clock.Share);
        string line = "[" + new string('#', filled) + new string('.', bar - filled) + "]" + head + detail;
        return line.Length <= width ? line : line[..Math.Max(0, width)];
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _ended = true;
            _writer.Write("\r" + new string(' ', _shown) + "\r");
            _writer.Flush();
        }
        _timer.Dispose();
    }

    private void Draw()
    {
        lock (_lock)
        {
            if (_ended)
                return;
            // The last column is left free: a terminal may break the line there.
            string line = Line(_clock, Math.Max(Narrowest, _width()) - 1, _ticks++);
            _writer.Write("\r" + line.PadRight(_shown));
            _writer.Flush();
            _shown = line.Length;
        }
    }
}
