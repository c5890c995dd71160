using System.Runtime.InteropServices;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>Keeps freed blocks for the next tensor of about the same size, so that the layer loop does not allocate.</summary>
internal sealed unsafe class MemoryPool : IDisposable
{
    private readonly Dictionary<nuint, Stack<nint>> _free = [];
    private readonly Lock _lock = new();
    private bool _disposed;
    private long _rented;

    /// <summary>Bytes in use: what was rented and not returned.</summary>
    public long RentedBytes => Interlocked.Read(ref _rented);

    /// <summary>A 64-byte aligned block of at least <paramref name="bytes"/>.</summary>
    public void* Rent(nuint bytes, out nuint capacity)
    {
        capacity = RoundUp(Math.Max(bytes, 64));
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _rented += (long)capacity;
            if (_free.TryGetValue(capacity, out var stack) && stack.Count > 0)
                return (void*)stack.Pop();
        }
        return NativeMemory.AlignedAlloc(capacity, 64);
    }

    public void Return(nint block, nuint capacity)
    {
        lock (_lock)
        {
            _rented -= (long)capacity;
            if (!_disposed)
            {
                if (!_free.TryGetValue(capacity, out var stack))
                    _free[capacity] = stack = new Stack<nint>();
                stack.Push(block);
                return;
            }
        }
        NativeMemory.AlignedFree((void*)block);
    }

    /// <summary>Gives all free blocks back to the system.</summary>
    public void Trim()
    {
        lock (_lock)
        {
            foreach (var stack in _free.Values)
                while (stack.Count > 0)
                    NativeMemory.AlignedFree((void*)stack.Pop());
        }
    }

    public void Dispose()
    {
        Trim();
        lock (_lock)
            _disposed = true;
    }

    // Eight size classes a power of two: at most 1/8 is wasted, and shapes that differ a little share blocks.
    private static nuint RoundUp(nuint bytes)
    {
        int log = System.Numerics.BitOperations.Log2(bytes);
        nuint step = log <= 9 ? 64 : (nuint)1 << (log - 3);
        return (bytes + step - 1) / step * step;
    }
}
