using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.Backends.Blas;

/// <summary>Scratch memory for the time of one call, from a pool that all calls share.</summary>
internal readonly unsafe ref struct Workspace
{
    private static readonly MemoryPool s_pool = new();
    private readonly nuint _capacity;

    public Workspace(nuint bytes)
    {
        if (bytes > 0)
            Pointer = s_pool.Rent(bytes, out _capacity);
    }

    /// <summary>64-byte aligned; null when no bytes were asked for.</summary>
    public void* Pointer { get; }

    public void Dispose()
    {
        if (Pointer is not null)
            s_pool.Return((nint)Pointer, _capacity);
    }
}
