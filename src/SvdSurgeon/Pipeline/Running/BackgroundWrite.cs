namespace SvdSurgeon.Pipeline.Running;

/// <summary>A file that is written while the next one's contents are computed; one at a time.</summary>
internal sealed class BackgroundWrite : IDisposable
{
    private Task _write = Task.CompletedTask;

    /// <summary>Begins to write, once what was begun before is done.</summary>
    public void Begin(Action write)
    {
        Await();
        _write = Task.Run(write);
    }

    /// <summary>Waits for what was begun, and throws what it threw.</summary>
    public void Await() => _write.GetAwaiter().GetResult();

    /// <summary>Waits without throwing: the error that led here is the one to report.</summary>
    public void Dispose() => Task.WhenAny(_write).Wait();
}
