using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SvdSurgeon.Compare.Machine;

/// <summary>Bytes a second at which memory can be read: the limit of decoding.</summary>
internal static unsafe class MemoryBandwidth
{
    // A thread's share; beyond what any of its caches holds.
    private const nuint Bytes = 256u << 20;
    private const int Passes = 8;

    /// <summary>GB/s, best of several passes over memory that each thread has to itself.</summary>
    public static double Measure(int threads) =>
        1e-9
        * Bytes
        * threads
        / ParallelPasses.Fastest(
            threads,
            Passes,
            passes =>
            {
                byte* memory = (byte*)NativeMemory.AlignedAlloc(Bytes, 64);
                NativeMemory.Fill(memory, Bytes, 1);
                passes(() => Read(memory));
                NativeMemory.AlignedFree(memory);
            }
        );

    private static int s_sink;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Read(byte* memory)
    {
        Vector256<int> a = default,
            b = default,
            c = default,
            d = default;
        for (nuint i = 0; i < Bytes; i += 128)
        {
            a += Vector256.LoadAligned((int*)(memory + i));
            b += Vector256.LoadAligned((int*)(memory + i + 32));
            c += Vector256.LoadAligned((int*)(memory + i + 64));
            d += Vector256.LoadAligned((int*)(memory + i + 96));
        }
        s_sink = Vector256.Sum(a + b + c + d);
    }
}
