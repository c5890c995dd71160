using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace SvdSurgeon.Cuda.Memory;

/// <summary>Copies between host and device.</summary>
internal static unsafe class Transfer
{
    /// <summary>
    /// Host → device. The source may be changed as soon as the call returns: pageable memory is staged by the driver first.
    /// </summary>
    public static void Upload<T>(AcceleratorStream stream, ReadOnlySpan<T> source, ArrayView<T> destination)
        where T : unmanaged
    {
        if (source.IsEmpty)
            return;
        fixed (T* p = source)
            destination.CopyFromCPUUnsafeAsync(stream, ref *p, source.Length);
    }

    /// <summary>Host memory of any length → device.</summary>
    public static void Upload(AcceleratorStream stream, nint source, ArrayView<byte> destination)
    {
        if (destination.Length != 0)
            destination.CopyFromCPUUnsafeAsync(stream, ref Unsafe.AsRef<byte>((void*)source), destination.Length);
    }

    /// <summary>Device → host; returns when the numbers are there.</summary>
    public static void Download<T>(AcceleratorStream stream, ArrayView<T> source, Span<T> destination)
        where T : unmanaged
    {
        if (destination.IsEmpty)
            return;
        fixed (T* p = destination)
        {
            source.SubView(0, destination.Length).CopyToCPUUnsafeAsync(stream, ref *p, destination.Length);
            stream.Synchronize();
        }
    }
}
