using System.Diagnostics;

namespace SvdSurgeon.Compare.Machine;

/// <summary>Runs the same work on several threads at once, several times.</summary>
internal static class ParallelPasses
{
    /// <summary>Seconds from the first thread's start to the last one's end, of the fastest pass.</summary>
    /// <param name="threads">Threads.</param>
    /// <param name="passes">Passes.</param>
    /// <param name="worker">Called once on each thread: prepares, calls its argument with the work of one pass, cleans up.</param>
    public static double Fastest(int threads, int passes, Action<Action<Action>> worker)
    {
        var ticks = new (long Start, long End)[threads];
        double best = double.PositiveInfinity;
        // Times are the workers' own: this thread may be woken long after them.
        using var together = new Barrier(threads, phase => best = phase.CurrentPhaseNumber == 0 ? best : Math.Min(best, Seconds(ticks)));
        var running = Enumerable
            .Range(0, threads)
            .Select(index => new Thread(() =>
            {
                worker(work =>
                {
                    for (int pass = 0; pass < passes; pass++)
                    {
                        together.SignalAndWait();
                        long start = Stopwatch.GetTimestamp();
                        work();
                        ticks[index] = (start, Stopwatch.GetTimestamp());
                    }
                    together.SignalAndWait();
                });
            }))
            .ToList();
        running.ForEach(thread => thread.Start());
        running.ForEach(thread => thread.Join());
        return best;
    }

    private static double Seconds((long Start, long End)[] ticks) =>
        (ticks.Max(t => t.End) - ticks.Min(t => t.Start)) / (double)Stopwatch.Frequency;
}
