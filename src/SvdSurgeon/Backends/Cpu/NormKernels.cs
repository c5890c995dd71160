using System.Numerics;
using System.Runtime.CompilerServices;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>One row of a norm or of its backward pass. A null scale is all ones, a null shift all zeros.</summary>
internal static unsafe class NormKernels
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Sum(float* x, int n)
    {
        var sum = Vector<float>.Zero;
        int i = 0;
        for (; i <= n - VectorMath.Lanes; i += VectorMath.Lanes)
            sum += Vector.Load(x + i);
        if (i < n)
            sum += VectorMath.LoadPartial(x + i, n - i);
        return Vector.Sum(sum);
    }

    // Σ (x − mean)²
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float SumOfSquares(float* x, float mean, int n)
    {
        var center = Vector.Create(mean);
        Vector<float> even = default,
            odd = default;
        int i = 0;
        for (; i <= n - 2 * VectorMath.Lanes; i += 2 * VectorMath.Lanes)
        {
            Vector<float> d = Vector.Load(x + i) - center,
                e = Vector.Load(x + i + VectorMath.Lanes) - center;
            even = Vector.FusedMultiplyAdd(d, d, even);
            odd = Vector.FusedMultiplyAdd(e, e, odd);
        }
        if (i <= n - VectorMath.Lanes)
        {
            var d = Vector.Load(x + i) - center;
            even = Vector.FusedMultiplyAdd(d, d, even);
            i += VectorMath.Lanes;
        }
        if (i < n)
        {
            var d = VectorMath.LoadPartial(x + i, n - i, mean) - center;
            odd = Vector.FusedMultiplyAdd(d, d, odd);
        }
        return Vector.Sum(even + odd);
    }

    // y = (x − mean) · r ∘ scale + shift
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Normalize(float* x, float mean, float r, float* scale, float* shift, float* y, int n)
    {
        var center = Vector.Create(mean);
        var inverse = Vector.Create(r);
        int i = 0;
        for (; i <= n - VectorMath.Lanes; i += VectorMath.Lanes)
        {
            var v = (Vector.Load(x + i) - center) * inverse;
            if (scale != null)
                v *= Vector.Load(scale + i);
            if (shift != null)
                v += Vector.Load(shift + i);
            v.Store(y + i);
        }
        for (; i < n; i++)
        {
            float v = (x[i] - mean) * r;
            if (scale != null)
                v *= scale[i];
            if (shift != null)
                v += shift[i];
            y[i] = v;
        }
    }

    // Σ g and Σ g (x − mean) with g = scale ∘ dy
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (float Sum, float Dot) GradientSums(float* dy, float* scale, float* x, float mean, int n)
    {
        var center = Vector.Create(mean);
        var sum = Vector<float>.Zero;
        var dot = Vector<float>.Zero;
        int i = 0;
        for (; i <= n - VectorMath.Lanes; i += VectorMath.Lanes)
        {
            var g = Vector.Load(dy + i);
            if (scale != null)
                g *= Vector.Load(scale + i);
            sum += g;
            dot = Vector.FusedMultiplyAdd(g, Vector.Load(x + i) - center, dot);
        }
        if (i < n)
        {
            var g = VectorMath.LoadPartial(dy + i, n - i);
            if (scale != null)
                g *= VectorMath.LoadPartial(scale + i, n - i);
            sum += g;
            dot = Vector.FusedMultiplyAdd(g, VectorMath.LoadPartial(x + i, n - i, mean) - center, dot);
        }
        return (Vector.Sum(sum), Vector.Sum(dot));
    }

    // dx (+)= r (g − sumTerm − (x − mean) · dotTerm)
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(
        float* dy,
        float* scale,
        float* x,
        float mean,
        float r,
        float sumTerm,
        float dotTerm,
        float* dx,
        int n,
        bool accumulate
    )
    {
        var center = Vector.Create(mean);
        var inverse = Vector.Create(r);
        var sums = Vector.Create(sumTerm);
        var dots = Vector.Create(-dotTerm);
        int i = 0;
        for (; i <= n - VectorMath.Lanes; i += VectorMath.Lanes)
        {
            var g = Vector.Load(dy + i);
            if (scale != null)
                g *= Vector.Load(scale + i);
            var v = Vector.FusedMultiplyAdd(Vector.Load(x + i) - center, dots, g - sums) * inverse;
            if (accumulate)
                v += Vector.Load(dx + i);
            v.Store(dx + i);
        }
        for (; i < n; i++)
        {
            float g = dy[i];
            if (scale != null)
                g *= scale[i];
            float v = MathF.FusedMultiplyAdd(x[i] - mean, -dotTerm, g - sumTerm) * r;
            dx[i] = accumulate ? dx[i] + v : v;
        }
    }
}
