using ILGPU;
using ILGPU.Runtime;

namespace SvdSurgeon.Cuda.Memory;

/// <summary>A block of device memory; disposing it gives it back to its pool.</summary>
internal sealed class DeviceBlock(DevicePool pool, MemoryBuffer1D<byte, Stride1D.Dense> buffer) : IDisposable
{
    private bool _returned;

    public long Capacity => buffer.Length;

    /// <summary>The first <paramref name="count"/> numbers.</summary>
    public ArrayView<T> As<T>(long count)
        where T : unmanaged => ((ArrayView<byte>)buffer.View).Cast<T>().SubView(0, count);

    public void Dispose()
    {
        if (_returned)
            return;
        _returned = true;
        pool.Return(buffer);
    }
}
