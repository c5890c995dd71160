using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>
/// Elementary functions on vectors of floats. Vector&lt;T&gt; has 256 bits on x64 and 128 on ARM64, so the kernels are written once; the
/// 512 bits of AVX-512 are left to the products, because without it Vector512 becomes calls that the compiler does not always inline. A
/// row's tail goes through the same code in a padded vector: a number's
/// value never depends on its place.
/// </summary>
internal static unsafe class VectorMath
{
    // The widest that Vector<T> can be: 512 bits.
    private const int MostLanes = 16;

    /// <summary>Floats in a vector.</summary>
    public static int Lanes => Vector<float>.Count;

    /// <summary>
    /// The first <paramref name="count"/> floats, fewer than a vector holds, at <paramref name="p"/>, the rest <paramref name="padding"/>.
    /// </summary>
    public static Vector<float> LoadPartial(float* p, int count, float padding = 0)
    {
        float* buffer = stackalloc float[MostLanes];
        for (int i = 0; i < count; i++)
            buffer[i] = p[i];
        for (int i = count; i < Lanes; i++)
            buffer[i] = padding;
        return Vector.Load(buffer);
    }

    /// <summary>Stores the first <paramref name="count"/> lanes.</summary>
    public static void StorePartial(Vector<float> x, float* p, int count)
    {
        float* buffer = stackalloc float[MostLanes];
        x.Store(buffer);
        for (int i = 0; i < count; i++)
            p[i] = buffer[i];
    }

    /// <summary>
    /// eˣ: x = n ln 2 + f, a minimax polynomial of degree 6 in f, relative error below 1.2e-7 on [−87, 88]. Below −87.3 the result is
    /// exactly 0 (masked scores are −∞), above 88.7 it is clamped to e^88.7, and NaN stays NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Exp(Vector<float> x)
    {
        var zero = Vector.LessThan(x, Vector.Create(-87.3f));
        x = Vector.ConditionalSelect(Vector.GreaterThan(x, Vector.Create(88.7f)), Vector.Create(88.7f), x);
        x = Vector.ConditionalSelect(zero, Vector.Create(-87.3f), x);
        // Adding 1.5·2²³ rounds to the nearest integer and leaves it in the low mantissa bits.
        var magic = Vector.Create(12582912f);
        var shifted = Vector.FusedMultiplyAdd(x, Vector.Create(1.44269504f), magic);
        var n = shifted - magic;
        var f = Vector.FusedMultiplyAdd(n, Vector.Create(-0.693145752f), x);
        f = Vector.FusedMultiplyAdd(n, Vector.Create(-1.42860677e-6f), f);
        var p = Vector.Create(0.0013836737f);
        p = Vector.FusedMultiplyAdd(p, f, Vector.Create(0.0083748987f));
        p = Vector.FusedMultiplyAdd(p, f, Vector.Create(0.041668233f));
        p = Vector.FusedMultiplyAdd(p, f, Vector.Create(0.1666642f));
        p = Vector.FusedMultiplyAdd(p, f, Vector.Create(0.49999991f));
        p = Vector.FusedMultiplyAdd(p, f, Vector<float>.One);
        p = Vector.FusedMultiplyAdd(p, f, Vector<float>.One);
        // n reaches 128, whose power of two is not a float: multiply by 2^(n/2) twice.
        var exponent = Vector.AsVectorInt32(shifted) - Vector.Create(0x4B400000);
        var half = exponent >> 1;
        var scale1 = Vector.AsVectorSingle((half + Vector.Create(127)) << 23);
        var scale2 = Vector.AsVectorSingle((exponent - half + Vector.Create(127)) << 23);
        return Vector.ConditionalSelect(zero, Vector<float>.Zero, p * scale1 * scale2);
    }

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Sigmoid(Vector<float> x) => Vector<float>.One / (Vector<float>.One + Exp(-x));

    /// <summary>
    /// tanh x: 1 − 2 / (e^2|x| + 1) with the sign of x, and below 0.625, where that would cancel, an odd polynomial of degree 11 (Cephes).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Tanh(Vector<float> x)
    {
        var magnitude = Vector.Abs(x);
        var large = Vector<float>.One - Vector.Create(2f) / (Exp(magnitude + magnitude) + Vector<float>.One);
        var z = x * x;
        var p = Vector.Create(-5.70498872745e-3f);
        p = Vector.FusedMultiplyAdd(p, z, Vector.Create(2.06390887954e-2f));
        p = Vector.FusedMultiplyAdd(p, z, Vector.Create(-5.37397155531e-2f));
        p = Vector.FusedMultiplyAdd(p, z, Vector.Create(1.33314422036e-1f));
        p = Vector.FusedMultiplyAdd(p, z, Vector.Create(-3.33332819422e-1f));
        var small = Vector.FusedMultiplyAdd(p * z, x, x);
        large = Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), -large, large);
        return Vector.ConditionalSelect(Vector.LessThan(magnitude, Vector.Create(0.625f)), small, large);
    }

    /// <summary>
    /// Φ(x) = ½ erfc(−x/√2), relative error below 1e-6 where |x| &lt; 4. erfc(z) = e^(−z²) t P(t) with t = 2/(2+z), P the minimax
    /// polynomial of degree 9 on z in [0, 10].
    /// </summary>
    /// <param name="x">Arguments.</param>
    /// <param name="gaussian">e^(−x²/2), which the derivative of GELU needs as well.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> NormalCdf(Vector<float> x, out Vector<float> gaussian)
    {
        gaussian = Exp(x * x * Vector.Create(-0.5f));
        var two = Vector.Create(2f);
        var t = two / Vector.FusedMultiplyAdd(Vector.Abs(x), Vector.Create(0.70710678f), two);
        var p = Vector.Create(0.012283877f);
        p = Vector.FusedMultiplyAdd(p, t, Vector.Create(-0.1232547f));
        p = Vector.FusedMultiplyAdd(p, t, Vector.Create(0.4289284f));
        p = Vector.FusedMultiplyAdd(p, t, Vector.Create(-0.6700225f));
        p = Vector.FusedMultiplyAdd(p, t, Vector.Create(0.42127429f));
        p = Vector.FusedMultiplyAdd(p, t, Vector.Create(-0.09831763f));
        p = Vector.FusedMultiplyAdd(p, t, Vector.Create(0.22554184f));
        p = Vector.FusedMultiplyAdd(p, t, Vector.Create(0.23864484f));
        p = Vector.FusedMultiplyAdd(p, t, Vector.Create(0.28285703f));
        p = Vector.FusedMultiplyAdd(p, t, Vector.Create(0.2820645f));
        var tail = p * t * gaussian * Vector.Create(0.5f);
        return Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), tail, Vector<float>.One - tail);
    }

    /// <summary>Σ a_i b_i.</summary>
    public static float Dot(float* a, float* b, int n)
    {
        var sum0 = Vector<float>.Zero;
        var sum1 = Vector<float>.Zero;
        int i = 0;
        for (; i <= n - 2 * Lanes; i += 2 * Lanes)
        {
            sum0 = Vector.FusedMultiplyAdd(Vector.Load(a + i), Vector.Load(b + i), sum0);
            sum1 = Vector.FusedMultiplyAdd(Vector.Load(a + i + Lanes), Vector.Load(b + i + Lanes), sum1);
        }
        if (i <= n - Lanes)
        {
            sum0 = Vector.FusedMultiplyAdd(Vector.Load(a + i), Vector.Load(b + i), sum0);
            i += Lanes;
        }
        if (i < n)
            sum1 = Vector.FusedMultiplyAdd(LoadPartial(a + i, n - i), LoadPartial(b + i, n - i), sum1);
        return Vector.Sum(sum0 + sum1);
    }

    /// <summary>y += a x.</summary>
    public static void AddScaled(float* x, float a, float* y, int n)
    {
        var scale = Vector.Create(a);
        int i = 0;
        for (; i <= n - Lanes; i += Lanes)
            Vector.FusedMultiplyAdd(Vector.Load(x + i), scale, Vector.Load(y + i)).Store(y + i);
        for (; i < n; i++)
            y[i] = MathF.FusedMultiplyAdd(x[i], a, y[i]);
    }

    /// <summary>The largest of n numbers (−∞ for none).</summary>
    public static float Max(float* x, int n)
    {
        var max = Vector.Create(float.NegativeInfinity);
        int i = 0;
        for (; i <= n - Lanes; i += Lanes)
            max = Vector.MaxNative(max, Vector.Load(x + i));
        if (i < n)
            max = Vector.MaxNative(max, LoadPartial(x + i, n - i, float.NegativeInfinity));
        return Max(max);
    }

    private static float Max(Vector<float> x)
    {
        float* lanes = stackalloc float[MostLanes];
        x.Store(lanes);
        var four = Vector128.Load(lanes);
        for (int i = Vector128<float>.Count; i < Lanes; i += Vector128<float>.Count)
            four = Vector128.MaxNative(four, Vector128.Load(lanes + i));
        var two = Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Math.Max(two[0], two[1]);
    }

    /// <summary>y = a x; y may be x.</summary>
    public static void Scale(float* x, float a, float* y, int n)
    {
        var scale = Vector.Create(a);
        int i = 0;
        for (; i <= n - Lanes; i += Lanes)
            (Vector.Load(x + i) * scale).Store(y + i);
        for (; i < n; i++)
            y[i] = x[i] * a;
    }
}
