namespace SvdSurgeon.Backends.Cpu;

/// <summary>Runs numbered work items on a fixed number of threads. What an item computes never depends on which thread runs it.</summary>
internal sealed class ThreadTeam(int threads) : IDisposable
{
    private readonly ParallelOptions _options = new() { MaxDegreeOfParallelism = threads };

    /// <summary>Number of threads, the caller's included.</summary>
    public int Threads { get; } = threads;

    /// <summary>Calls <paramref name="body"/> once for every item in [0, items), in any order, and returns when all are done.</summary>
    public void Run(int items, Action<int> body)
    {
        if (items <= 1 || Threads == 1)
        {
            for (int i = 0; i < items; i++) body(i);
            return;
        }
        Parallel.For(0, items, _options, body);
    }

    public void Dispose() { }
}
