using System.Diagnostics;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Shares;

namespace SvdSurgeon.Cli.Cluster;

/// <summary>
/// Starts the workers, shows how far they are, and starts them again where all of them have ended before the work was done. It hands
/// nothing out: workers claim what they make.
/// </summary>
/// <param name="folder">The shared folder.</param>
/// <param name="job">What the workers do.</param>
/// <param name="launcher">What starts them.</param>
internal sealed class Coordinator(SharedFolder folder, SharedJob job, Launcher launcher)
{
    private const int StartsInVain = 3;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200),
        Farewell = TimeSpan.FromSeconds(10);

    private readonly HashSet<int> _silent = [];

    /// <summary>Returns when the work is done.</summary>
    /// <exception cref="InvalidInputException">The workers refuse the job, or cannot be started.</exception>
    /// <exception cref="IOException">They were started three times in a row and made nothing.</exception>
    public void Run(IProgress<StageProgress> progress, CancellationToken cancellation)
    {
        for (int vain = 0; ; )
        {
            var start = job with { Epoch = Guid.NewGuid().ToString("N")[..12] };
            folder.Begin(start);
            int exit = Step(start, progress, cancellation);
            var states = folder.States();
            if (folder.Failure(start.Epoch) is { } failure)
                throw failure.ToException();
            if (states.Any(state => state.Phase == MemberPhase.Finished))
                return;
            if (states.Count == 0 && exit == Output.ExitCode.BadInput)
                throw new InvalidInputException(
                    $"--launcher {string.Join(' ', launcher.Command)}: no worker could begin; each has said why. All hosts must see "
                        + $"{folder.Path}."
                );
            vain = states.Sum(state => state.Pieces) > 0 ? 0 : vain + 1;
            if (vain == StartsInVain)
                throw new IOException(
                    $"--launcher {string.Join(' ', launcher.Command)}: the workers were started {StartsInVain} times and made nothing "
                        + $"(exit code {exit}){Last(states)}."
                );
            Console.Error.WriteLine(
                $"svdsurgeon: the workers ended before the work was done (exit code {exit}){Last(states)}; they are started again."
            );
        }
    }

    private int Step(SharedJob start, IProgress<StageProgress> progress, CancellationToken cancellation)
    {
        using var process = launcher.Start(folder.Path);
        var heartbeats = new Heartbeats(folder.Members, TimeSpan.FromSeconds(start.LeaseSeconds));
        long? first = null;
        try
        {
            while (!process.WaitForExit(Look))
            {
                cancellation.ThrowIfCancellationRequested();
                if (folder.Failure(start.Epoch) is not null)
                {
                    process.WaitForExit(Farewell);
                    break;
                }
                var states = folder.States();
                if (states.Count == 0)
                    continue; // such as in a queue
                first ??= Stopwatch.GetTimestamp();
                Report(states, heartbeats, progress);
                if (Stopwatch.GetElapsedTime(first.Value) > TimeSpan.FromSeconds(4 * start.LeaseSeconds))
                    NameSilent(states);
            }
            if (process.HasExited)
                process.WaitForExit(); // the rest of what it said
            return process.HasExited ? process.ExitCode : Output.ExitCode.Failure;
        }
        finally
        {
            SharedJob.Delete(folder.Path);
            if (!process.HasExited && !process.WaitForExit(Farewell))
                process.Kill(entireProcessTree: true);
        }
    }

    private static void Report(IReadOnlyList<MemberState> states, Heartbeats heartbeats, IProgress<StageProgress> progress)
    {
        var alive = states.Where(heartbeats.IsAlive).ToList();
        int pieces = states.Sum(state => state.Pieces),
            hosts = alive.Select(state => state.Host).Distinct(StringComparer.Ordinal).Count();
        string stages = string.Join("; ", alive.Select(state => state.Stage).Where(stage => stage.Length > 0).Distinct().Take(3));
        progress.Report(
            new StageProgress(
                "workers",
                $"{alive.Count} of {states[0].Size} at work on {hosts} {(hosts == 1 ? "host" : "hosts")}, {pieces} shares made; {stages}",
                pieces,
                pieces + 1
            )
        );
    }

    // A process that was started and never came: the others do its work, but a person should know.
    private void NameSilent(IReadOnlyList<MemberState> states)
    {
        foreach (int rank in Enumerable.Range(0, states[0].Size).Except(states.Select(state => state.Rank)).Where(_silent.Add))
            Console.Error.WriteLine(
                $"svdsurgeon: rank {rank} of {states[0].Size} has never answered; the others do its work. What the launcher says of it "
                    + $"names its host; {folder.Path} must be visible there."
            );
    }

    private static string Last(IReadOnlyList<MemberState> states) =>
        string.Concat(
            states
                .Where(state => state.Phase != MemberPhase.Finished)
                .Select(state => $"; rank {state.Rank} on {state.Host} {state.Error ?? $"died in {state.Stage}"}")
                .Take(3)
        );
}
