using System.Runtime.CompilerServices;
using ILGPU;

namespace SvdSurgeon.Kernels;

/// <summary>
/// Elementary functions in plain float32 arithmetic, good to about one unit in the last place. ILGPU maps the library's functions to the
/// device's approximate instructions (or to none at all); these give the same numbers on every accelerator.
/// </summary>
internal static class KernelMath
{
    // Largest part of ln 2 that times a small integer is exact in float32, and the rest.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>eˣ; 0 below −87.3, +∞ above 88.7, NaN for NaN. About 15 operations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Exp(float x)
    {
        float t = IntrinsicMath.Min(IntrinsicMath.Max(x, -87.3f), 88.72f);
        // Adding 1.5·2²³ rounds to the nearest integer, which then stands in the low bits.
        uint shifted = Interop.FloatAsInt(t * 1.44269504088896341f + 12582912f);
        int n = (int)shifted - 0x4B400000;
        float r = t - n * Ln2High - n * Ln2Low;
        float p = 1.9875691500e-4f;
        p = p * r + 1.3981999507e-3f;
        p = p * r + 8.3334519073e-3f;
        p = p * r + 4.1665795894e-2f;
        p = p * r + 1.6666665459e-1f;
        p = p * r + 5.0000001201e-1f;
        p = p * r * r + r + 1f;
        // n reaches 128 for the largest arguments: scale in two steps.
        int half = n >> 1;
        float y = p * Interop.IntAsFloat((uint)((half + 127) << 23)) * Interop.IntAsFloat((uint)((n - half + 127) << 23));
        y = x < -87.3f ? 0f : y;
        y = x > 88.72f ? float.PositiveInfinity : y;
        return float.IsNaN(x) ? x : y;
    }

    /// <summary>ln x for normal positive x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Log(float x)
    {
        uint bits = Interop.FloatAsInt(x);
        int e = (int)(bits >> 23) - 126;
        float m = Interop.IntAsFloat((bits & 0x007FFFFFu) | 0x3F000000u); // [0.5, 1)
        bool low = m < 0.70710678f;
        e = low ? e - 1 : e;
        float z = low ? m + m - 1f : m - 1f;
        float p = 7.0376836292e-2f;
        p = p * z - 1.1514610310e-1f;
        p = p * z + 1.1676998740e-1f;
        p = p * z - 1.2420140846e-1f;
        p = p * z + 1.4249322787e-1f;
        p = p * z - 1.6668057665e-1f;
        p = p * z + 2.0000714765e-1f;
        p = p * z - 2.4999993993e-1f;
        p = p * z + 3.3333331174e-1f;
        float y = p * z * z * z + e * Ln2Low - 0.5f * z * z;
        return z + y + e * Ln2High;
    }

    /// <summary>1/(1 + e⁻ˣ).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sigmoid(float x) => 1f / (1f + Exp(-x));

    /// <summary>tanh x: 1 − 2 / (e^2|x| + 1) with the sign of x, and an odd polynomial below 0.625, where that would cancel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Tanh(float x)
    {
        float magnitude = IntrinsicMath.Abs(x);
        float large = 1f - 2f / (Exp(magnitude + magnitude) + 1f);
        float z = x * x;
        float p = -5.70498872745e-3f;
        p = p * z + 2.06390887954e-2f;
        p = p * z - 5.37397155531e-2f;
        p = p * z + 1.33314422036e-1f;
        p = p * z - 3.33332819422e-1f;
        float small = p * z * x + x;
        large = x < 0f ? -large : large;
        return magnitude < 0.625f ? small : large;
    }

    /// <summary>½ (1 + tanh u), u = √(2/π) (x + 0.044715 x³): the factor of x in the tanh form of GELU.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float GeluGate(float x) => Sigmoid(x * (0.07135481627f * x * x + 1.5957691216f));

    /// <summary>Φ(x), the normal distribution function.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float NormalCdf(float x)
    {
        float z = IntrinsicMath.Abs(x) * 0.70710678118654752f;
        float q =
            z <= 1f ? 0f
            : z <= 2f ? ErfcMiddle(z)
            : ErfcTail(z);
        float centre = 0.5f + 0.5f * ErfCentre(x * 0.70710678118654752f);
        float tail = x > 0f ? 1f - 0.5f * q : 0.5f * q;
        return z <= 1f ? centre : tail;
    }

    /// <summary>φ(x), the normal density.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float NormalDensity(float x) => 0.3989422804014327f * Exp(-0.5f * x * x);

    // erf on [−1, 1].
    private static float ErfCentre(float x)
    {
        float z = x * x;
        float p = 7.853861353153693e-5f;
        p = p * z - 8.010193625184903e-4f;
        p = p * z + 5.188327685732524e-3f;
        p = p * z - 2.685381193529856e-2f;
        p = p * z + 1.128358514861418e-1f;
        p = p * z - 3.761262582423300e-1f;
        p = p * z + 1.128379165726710f;
        return p * x;
    }

    // erfc on (1, 2].
    private static float ErfcMiddle(float x)
    {
        float q = 1f / x,
            y = q * q;
        float p = 2.326819970068386e-2f;
        p = p * y - 1.387039388740657e-1f;
        p = p * y + 3.687424674597105e-1f;
        p = p * y - 5.824733027278666e-1f;
        p = p * y + 6.210004621745983e-1f;
        p = p * y - 4.944515323274145e-1f;
        p = p * y + 3.404879937665872e-1f;
        p = p * y - 2.741127028184656e-1f;
        p = p * y + 5.638259427386472e-1f;
        return Exp(-x * x) * q * p;
    }

    // erfc above 2.
    private static float ErfcTail(float x)
    {
        float q = 1f / x,
            y = q * q;
        float p = -1.047766399936249e+1f;
        p = p * y + 1.297719955372516e+1f;
        p = p * y - 7.495518717768503e+0f;
        p = p * y + 2.921019019210786e+0f;
        p = p * y - 1.015265279202700e+0f;
        p = p * y + 4.218463358204948e-1f;
        p = p * y - 2.820767439740514e-1f;
        p = p * y + 5.641895067754075e-1f;
        return Exp(-x * x) * q * p;
    }
}
