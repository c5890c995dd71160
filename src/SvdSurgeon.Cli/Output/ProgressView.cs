using System.Diagnostics;
using Spectre.Console;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Cli.Output;

/// <summary>
/// Shows progress: bars with the time left on a terminal, a plain line a stage when redirected, always on standard error or not at all with
/// --json.
/// </summary>
internal static class ProgressView
{
    /// <summary>Runs <paramref name="work"/> with a sink for its progress.</summary>
    public static T Run<T>(bool quiet, Func<IProgress<StageProgress>, T> work)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        if (quiet)
            return work(new Silent());
        if (Console.IsErrorRedirected || !console.Profile.Capabilities.Interactive)
            return work(new Lines(Console.Error));
        return console
            .Progress()
            .AutoClear(true)
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn(),
                new PercentageColumn(),
                new RemainingTimeColumn()
            )
            .Start(context => work(new Bars(context)));
    }

    private sealed class Silent : IProgress<StageProgress>
    {
        public void Report(StageProgress value) { }
    }

    private sealed class Bars(ProgressContext context) : IProgress<StageProgress>
    {
        private readonly Dictionary<string, ProgressTask> _tasks = [];

        public void Report(StageProgress value)
        {
            if (value.Stage == StageProgress.Warning)
                return; // printed once the bars are gone
            if (!_tasks.TryGetValue(value.Stage, out var task))
                _tasks[value.Stage] = task = context.AddTask(value.Stage);
            task.MaxValue = Math.Max(1, value.Total);
            task.Value = value.Done;
            task.Description = Markup.Escape($"{value.Stage, -8} {value.Detail}");
        }
    }

    private sealed class Lines(TextWriter writer) : IProgress<StageProgress>
    {
        private readonly Stopwatch _clock = Stopwatch.StartNew();
        private string _stage = "";
        private TimeSpan _last = TimeSpan.MinValue;

        // A line at the start and the end of a stage, and every ten seconds between.
        public void Report(StageProgress value)
        {
            if (value.Stage == StageProgress.Warning)
                return; // printed once, with the result
            var now = _clock.Elapsed;
            if (value.Stage == _stage && value.Done < value.Total && now - _last < TimeSpan.FromSeconds(10))
                return;
            _stage = value.Stage;
            _last = now;
            writer.WriteLine($"[{now:hh\\:mm\\:ss}] {value.Stage} {value.Done}/{value.Total} {value.Detail}".TrimEnd());
        }
    }
}
