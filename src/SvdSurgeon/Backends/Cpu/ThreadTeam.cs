using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>
/// Runs numbered work items on a fixed number of threads. What an item computes never depends on which thread runs it. The threads
/// live as long as the team; between two runs they spin for a moment and then sleep. A run started from inside an item is done by
/// the thread that started it.
/// </summary>
internal sealed class ThreadTeam : IDisposable
{
    // Between the products of a layer the next run follows within this time; a sleeping thread takes about as long to wake.
    private static readonly long s_spinTicks = Stopwatch.Frequency / 10_000;

    [ThreadStatic]
    private static bool s_insideItem;

    private readonly Lock _oneRun = new();
    private readonly Thread[] _helpers;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly ManualResetEventSlim _done = new(false, 1);
    private volatile Batch? _current;
    private int _sleepers;
    private volatile bool _disposed;

    public ThreadTeam(int threads)
    {
        Threads = threads;
        _helpers = new Thread[threads - 1];
        for (int i = 0; i < _helpers.Length; i++)
        {
            int member = i + 1;
            _helpers[i] = new Thread(() => Help(member), 16 << 20) { IsBackground = true, Name = $"svdsurgeon {i + 1}" };
            _helpers[i].Start();
        }
    }

    /// <summary>Number of threads, the caller's included.</summary>
    public int Threads { get; }

    /// <summary>How many of them a run that is started here would have: one inside an item.</summary>
    public int ThreadsHere => s_insideItem ? 1 : Threads;

    /// <summary>
    /// Calls <paramref name="body"/> once for every item in [0, items) and returns when all are done. Every thread begins with its own
    /// contiguous share of the items, the same in every run of as many, so that it finds what it wrote before in its own caches; a thread
    /// that has finished its share goes on with another's.
    /// </summary>
    public void Run(int items, Action<int> body) => Run(items, Threads, body);

    /// <summary>The same, with the items begun in order: for few large ones, the largest first.</summary>
    public void RunInOrder(int items, Action<int> body) => Run(items, 1, body);

    private void Run(int items, int shares, Action<int> body)
    {
        if (items <= 1 || Threads == 1 || s_insideItem)
        {
            for (int i = 0; i < items; i++)
                body(i);
            return;
        }
        lock (_oneRun)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var run = new Batch(items, shares, body);
            _current = run;
            Interlocked.MemoryBarrier();
            int sleeping = Volatile.Read(ref _sleepers);
            if (sleeping > 0)
                _wake.Release(sleeping);
            run.Work(0);
            AwaitEnd(run);
            _current = null;
            run.Error?.Throw();
        }
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _wake.Release(Math.Max(1, _helpers.Length));
        foreach (var helper in _helpers)
            helper.Join();
        _wake.Dispose();
        _done.Dispose();
    }

    private void Help(int member)
    {
        Batch? last = null;
        while (true)
        {
            var run = AwaitRun(last);
            if (run is null)
                return;
            last = run;
            if (run.Work(member))
                _done.Set();
        }
    }

    private void AwaitEnd(Batch run)
    {
        long start = Stopwatch.GetTimestamp();
        while (!run.IsFinished)
        {
            if (Stopwatch.GetTimestamp() - start < s_spinTicks)
                Thread.SpinWait(4);
            else
            {
                // A signal left over from an earlier run only makes this loop once more.
                _done.Wait();
                _done.Reset();
            }
        }
    }

    private Batch? AwaitRun(Batch? last)
    {
        while (true)
        {
            long start = Stopwatch.GetTimestamp();
            do
            {
                var run = _current;
                if (run is not null && run != last)
                    return run;
                if (_disposed)
                    return null;
                Thread.SpinWait(4);
            } while (Stopwatch.GetTimestamp() - start < s_spinTicks);
            Interlocked.Increment(ref _sleepers);
            var current = _current;
            if ((current is null || current == last) && !_disposed)
                _wake.Wait();
            Interlocked.Decrement(ref _sleepers);
        }
    }

    private sealed class Batch(int items, int shares, Action<int> body)
    {
        // Counters of different threads lie in different cache lines.
        private const int Apart = 16;

        private readonly int[] _begun = new int[shares * Apart];
        private int _finished;
        private ExceptionDispatchInfo? _error;

        public ExceptionDispatchInfo? Error => _error;

        public bool IsFinished => Volatile.Read(ref _finished) == items;

        /// <summary>
        /// Takes items until none is left, those of the member's own share first; true for the thread that finished the last one.
        /// </summary>
        public bool Work(int member)
        {
            int done = 0;
            s_insideItem = true;
            try
            {
                for (int i = 0; i < shares; i++)
                    done += WorkOn((member + i) % shares);
            }
            finally
            {
                s_insideItem = false;
            }
            return done > 0 && Interlocked.Add(ref _finished, done) == items;
        }

        private int WorkOn(int share)
        {
            int first = First(share),
                count = First(share + 1) - first,
                done = 0;
            ref int begun = ref _begun[share * Apart];
            if (Volatile.Read(ref begun) >= count)
                return 0;
            for (int item; (item = Interlocked.Increment(ref begun) - 1) < count; done++)
            {
                try
                {
                    // After an error the remaining items are only counted.
                    if (_error is null)
                        body(first + item);
                }
                catch (Exception e)
                {
                    Interlocked.CompareExchange(ref _error, ExceptionDispatchInfo.Capture(e), null);
                }
            }
            return done;
        }

        private int First(int share) => (int)((long)items * share / shares);
    }
}
