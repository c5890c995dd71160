using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>
/// Elementary functions on sixteen floats. Vector512 falls back to two Vector256 halves where the processor has no AVX-512, so the
/// kernels are written once. A row's tail goes through the same code in a padded vector: a number's value never depends on its place.
/// </summary>
internal static unsafe class VectorMath
{
    public const int Lanes = 16;

    /// <summary>The first <paramref name="count"/> &lt; 16 floats at <paramref name="p"/>, the rest <paramref name="padding"/>.</summary>
    public static Vector512<float> LoadPartial(float* p, int count, float padding = 0)
    {
        float* buffer = stackalloc float[Lanes];
        for (int i = 0; i < count; i++) buffer[i] = p[i];
        for (int i = count; i < Lanes; i++) buffer[i] = padding;
        return Vector512.Load(buffer);
    }

    /// <summary>Stores the first <paramref name="count"/> lanes.</summary>
    public static void StorePartial(Vector512<float> x, float* p, int count)
    {
        float* buffer = stackalloc float[Lanes];
        x.Store(buffer);
        for (int i = 0; i < count; i++) p[i] = buffer[i];
    }

    /// <summary>
    /// eˣ: x = n ln 2 + f, a minimax polynomial of degree 6 in f, relative error below 1.2e-7 on [−87, 88]. Below −87.3 the result is
    /// exactly 0 (masked scores are −∞), above 88.7 it is clamped to e^88.7, and NaN stays NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        var zero = Vector512.LessThan(x, Vector512.Create(-87.3f));
        x = Vector512.ConditionalSelect(Vector512.GreaterThan(x, Vector512.Create(88.7f)), Vector512.Create(88.7f), x);
        x = Vector512.ConditionalSelect(zero, Vector512.Create(-87.3f), x);
        // Adding 1.5·2²³ rounds to the nearest integer and leaves it in the low mantissa bits.
        var magic = Vector512.Create(12582912f);
        var shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(1.44269504f), magic);
        var n = shifted - magic;
        var f = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693145752f), x);
        f = Vector512.FusedMultiplyAdd(n, Vector512.Create(-1.42860677e-6f), f);
        var p = Vector512.Create(0.0013836737f);
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(0.0083748987f));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(0.041668233f));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(0.1666642f));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(0.49999991f));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512<float>.One);
        p = Vector512.FusedMultiplyAdd(p, f, Vector512<float>.One);
        // n reaches 128, whose power of two is not a float: multiply by 2^(n/2) twice.
        var exponent = shifted.AsInt32() - Vector512.Create(0x4B400000);
        var half = exponent >> 1;
        var scale1 = ((half + Vector512.Create(127)) << 23).AsSingle();
        var scale2 = ((exponent - half + Vector512.Create(127)) << 23).AsSingle();
        return Vector512.ConditionalSelect(zero, Vector512<float>.Zero, p * scale1 * scale2);
    }

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));

    /// <summary>
    /// Φ(x) = ½ erfc(−x/√2), relative error below 1e-6 where |x| &lt; 4. erfc(z) = e^(−z²) t P(t) with t = 2/(2+z), P the minimax
    /// polynomial of degree 9 on z in [0, 10].
    /// </summary>
    /// <param name="x">Arguments.</param>
    /// <param name="gaussian">e^(−x²/2), which the derivative of GELU needs as well.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> NormalCdf(Vector512<float> x, out Vector512<float> gaussian)
    {
        gaussian = Exp(x * x * Vector512.Create(-0.5f));
        var two = Vector512.Create(2f);
        var t = two / Vector512.FusedMultiplyAdd(Vector512.Abs(x), Vector512.Create(0.70710678f), two);
        var p = Vector512.Create(0.012283877f);
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(-0.1232547f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.4289284f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(-0.6700225f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.42127429f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(-0.09831763f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.22554184f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.23864484f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.28285703f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.2820645f));
        var tail = p * t * gaussian * Vector512.Create(0.5f);
        return Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<float>.Zero), tail, Vector512<float>.One - tail);
    }

    /// <summary>Σ a_i b_i.</summary>
    public static float Dot(float* a, float* b, int n)
    {
        var sum0 = Vector512<float>.Zero;
        var sum1 = Vector512<float>.Zero;
        int i = 0;
        for (; i <= n - 2 * Lanes; i += 2 * Lanes)
        {
            sum0 = Vector512.FusedMultiplyAdd(Vector512.Load(a + i), Vector512.Load(b + i), sum0);
            sum1 = Vector512.FusedMultiplyAdd(Vector512.Load(a + i + Lanes), Vector512.Load(b + i + Lanes), sum1);
        }
        if (i <= n - Lanes)
        {
            sum0 = Vector512.FusedMultiplyAdd(Vector512.Load(a + i), Vector512.Load(b + i), sum0);
            i += Lanes;
        }
        if (i < n) sum1 = Vector512.FusedMultiplyAdd(LoadPartial(a + i, n - i), LoadPartial(b + i, n - i), sum1);
        return Vector512.Sum(sum0 + sum1);
    }

    /// <summary>y += a x.</summary>
    public static void AddScaled(float* x, float a, float* y, int n)
    {
        var scale = Vector512.Create(a);
        int i = 0;
        for (; i <= n - Lanes; i += Lanes) Vector512.FusedMultiplyAdd(Vector512.Load(x + i), scale, Vector512.Load(y + i)).Store(y + i);
        for (; i < n; i++) y[i] = MathF.FusedMultiplyAdd(x[i], a, y[i]);
    }

    /// <summary>The largest of n numbers (−∞ for none).</summary>
    public static float Max(float* x, int n)
    {
        var max = Vector512.Create(float.NegativeInfinity);
        int i = 0;
        for (; i <= n - Lanes; i += Lanes) max = Vector512.MaxNative(max, Vector512.Load(x + i));
        if (i < n) max = Vector512.MaxNative(max, LoadPartial(x + i, n - i, float.NegativeInfinity));
        return Max(max);
    }

    /// <summary>The largest lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(Vector512<float> x)
    {
        var eight = Vector256.MaxNative(x.GetLower(), x.GetUpper());
        var four = Vector128.MaxNative(eight.GetLower(), eight.GetUpper());
        var two = Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Math.Max(two[0], two[1]);
    }

    /// <summary>y = a x; y may be x.</summary>
    public static void Scale(float* x, float a, float* y, int n)
    {
        var scale = Vector512.Create(a);
        int i = 0;
        for (; i <= n - Lanes; i += Lanes) (Vector512.Load(x + i) * scale).Store(y + i);
        for (; i < n; i++) y[i] = x[i] * a;
    }
}
