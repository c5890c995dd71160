using System.Numerics;
using ILGPU;
using ILGPU.Runtime;

namespace SvdSurgeon.Cuda.Memory;

/// <summary>
/// Keeps freed device memory for the next block of about the same size, so that the layer loop allocates nothing. Blocks are reused in the
/// order of one stream, so a block may be handed on while kernels that read it are still queued.
/// </summary>
internal sealed class DevicePool(Accelerator accelerator) : IDisposable
{
    private readonly Dictionary<long, Stack<MemoryBuffer1D<byte, Stride1D.Dense>>> _free = [];
    private readonly Lock _gate = new(); // decompositions may be asked for from several threads

    /// <summary>
    /// Called with the bytes wanted when the device is full; frees what can be read again and returns whether it freed anything.
    /// </summary>
    public Func<long, bool>? Reclaim { get; set; }

    /// <summary>Bytes handed out and kept.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>Blocks that the device was asked for so far, for tests.</summary>
    public long Allocations { get; private set; }

    /// <summary>A block of at least <paramref name="bytes"/>, 256-byte aligned.</summary>
    /// <exception cref="OutOfMemoryEstimateException">The device has no room, even after giving back everything that is not in
    /// use.</exception>
    public DeviceBlock Rent(long bytes)
    {
        lock (_gate)
            return RentLocked(RoundUp(Math.Max(bytes, 256)));
    }

    private DeviceBlock RentLocked(long capacity)
    {
        if (_free.TryGetValue(capacity, out var stack) && stack.Count > 0)
            return new DeviceBlock(this, stack.Pop());
        if (TryAllocate(capacity, out var buffer))
            return new DeviceBlock(this, buffer);
        accelerator.Synchronize();
        Trim();
        if (TryAllocate(capacity, out buffer))
            return new DeviceBlock(this, buffer);
        while (Reclaim?.Invoke(capacity) == true)
            if (TryAllocate(capacity, out buffer))
                return new DeviceBlock(this, buffer);
        throw new OutOfMemoryEstimateException(
            $"{accelerator.Name} has {accelerator.MemorySize >> 20} MiB; {AllocatedBytes >> 20} MiB are in use and {capacity >> 20} MiB "
                + $"more are needed at once. "
                + "Use fewer tokens at once, shorter sequences, or --device cpu."
        );
    }

    public void Return(MemoryBuffer1D<byte, Stride1D.Dense> buffer)
    {
        lock (_gate)
        {
            if (!_free.TryGetValue(buffer.Length, out var stack))
                _free[buffer.Length] = stack = new Stack<MemoryBuffer1D<byte, Stride1D.Dense>>();
            stack.Push(buffer);
        }
    }

    /// <summary>Gives all free blocks back to the device.</summary>
    public void Trim()
    {
        lock (_gate)
            foreach (var stack in _free.Values)
                while (stack.TryPop(out var buffer))
                {
                    AllocatedBytes -= buffer.Length;
                    buffer.Dispose();
                }
    }

    public void Dispose() => Trim();

    private bool TryAllocate(long capacity, out MemoryBuffer1D<byte, Stride1D.Dense> buffer)
    {
        try
        {
            buffer = accelerator.Allocate1D<byte>(capacity);
        }
        catch (AcceleratorException)
        {
            buffer = null!;
            return false;
        }
        AllocatedBytes += capacity;
        Allocations++;
        return true;
    }

    // Eight size classes a power of two: at most 1/8 is wasted, and shapes that differ a little share blocks.
    private static long RoundUp(long bytes)
    {
        int log = BitOperations.Log2((ulong)bytes);
        long step = log <= 11 ? 256 : 1L << (log - 3);
        return (bytes + step - 1) / step * step;
    }
}
