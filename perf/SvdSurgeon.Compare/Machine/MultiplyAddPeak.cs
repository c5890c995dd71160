using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SvdSurgeon.Compare.Machine;

/// <summary>The most fused multiply-adds a second in float32, from registers alone: the limit of every product.</summary>
internal static class MultiplyAddPeak
{
    private const int Rounds = 1 << 21;
    private const int Accumulators = 10;
    private const int Passes = 40;

    /// <summary>GFLOP/s, two operations a multiply-add; best of several passes.</summary>
    public static double Measure(int threads) =>
        2e-9 * Lanes * Accumulators * Rounds * threads / ParallelPasses.Fastest(threads, Passes, passes => passes(Work));

    private static int Lanes =>
        Vector512.IsHardwareAccelerated ? 16
        : Vector256.IsHardwareAccelerated ? 8
        : 4;

    private static float s_sink;

    private static void Work() =>
        s_sink =
            Vector512.IsHardwareAccelerated ? Wide()
            : Vector256.IsHardwareAccelerated ? Middle()
            : Narrow();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Wide()
    {
        Vector512<float> m = Vector512.Create(0.999f),
            s = Vector512.Create(0.001f);
        Vector512<float> a = m,
            b = m,
            c = m,
            d = m,
            e = m,
            f = m,
            g = m,
            h = m,
            i = m,
            j = m;
        for (int round = 0; round < Rounds; round++)
        {
            a = Vector512.FusedMultiplyAdd(a, m, s);
            b = Vector512.FusedMultiplyAdd(b, m, s);
            c = Vector512.FusedMultiplyAdd(c, m, s);
            d = Vector512.FusedMultiplyAdd(d, m, s);
            e = Vector512.FusedMultiplyAdd(e, m, s);
            f = Vector512.FusedMultiplyAdd(f, m, s);
            g = Vector512.FusedMultiplyAdd(g, m, s);
            h = Vector512.FusedMultiplyAdd(h, m, s);
            i = Vector512.FusedMultiplyAdd(i, m, s);
            j = Vector512.FusedMultiplyAdd(j, m, s);
        }
        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Middle()
    {
        Vector256<float> m = Vector256.Create(0.999f),
            s = Vector256.Create(0.001f);
        Vector256<float> a = m,
            b = m,
            c = m,
            d = m,
            e = m,
            f = m,
            g = m,
            h = m,
            i = m,
            j = m;
        for (int round = 0; round < Rounds; round++)
        {
            a = Vector256.FusedMultiplyAdd(a, m, s);
            b = Vector256.FusedMultiplyAdd(b, m, s);
            c = Vector256.FusedMultiplyAdd(c, m, s);
            d = Vector256.FusedMultiplyAdd(d, m, s);
            e = Vector256.FusedMultiplyAdd(e, m, s);
            f = Vector256.FusedMultiplyAdd(f, m, s);
            g = Vector256.FusedMultiplyAdd(g, m, s);
            h = Vector256.FusedMultiplyAdd(h, m, s);
            i = Vector256.FusedMultiplyAdd(i, m, s);
            j = Vector256.FusedMultiplyAdd(j, m, s);
        }
        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Narrow()
    {
        Vector128<float> m = Vector128.Create(0.999f),
            s = Vector128.Create(0.001f);
        Vector128<float> a = m,
            b = m,
            c = m,
            d = m,
            e = m,
            f = m,
            g = m,
            h = m,
            i = m,
            j = m;
        for (int round = 0; round < Rounds; round++)
        {
            a = Vector128.FusedMultiplyAdd(a, m, s);
            b = Vector128.FusedMultiplyAdd(b, m, s);
            c = Vector128.FusedMultiplyAdd(c, m, s);
            d = Vector128.FusedMultiplyAdd(d, m, s);
            e = Vector128.FusedMultiplyAdd(e, m, s);
            f = Vector128.FusedMultiplyAdd(f, m, s);
            g = Vector128.FusedMultiplyAdd(g, m, s);
            h = Vector128.FusedMultiplyAdd(h, m, s);
            i = Vector128.FusedMultiplyAdd(i, m, s);
            j = Vector128.FusedMultiplyAdd(j, m, s);
        }
        return Vector128.Sum(a + b + c + d + e + f + g + h + i + j);
    }
}
