using System.Runtime.Intrinsics;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>One row of a norm or of its backward pass. A null scale is all ones, a null shift all zeros.</summary>
internal static unsafe class NormKernels
{
    private const int Lanes = VectorMath.Lanes;

    public static float Sum(float* x, int n)
    {
        var sum = Vector512<float>.Zero;
        int i = 0;
        for (; i <= n - Lanes; i += Lanes) sum += Vector512.Load(x + i);
        if (i < n) sum += VectorMath.LoadPartial(x + i, n - i);
        return Vector512.Sum(sum);
    }

    // Σ (x − mean)²
    public static float SumOfSquares(float* x, float mean, int n)
    {
        var center = Vector512.Create(mean);
        var sum = Vector512<float>.Zero;
        int i = 0;
        for (; i <= n - Lanes; i += Lanes)
        {
            var d = Vector512.Load(x + i) - center;
            sum = Vector512.FusedMultiplyAdd(d, d, sum);
        }
        if (i < n)
        {
            var d = VectorMath.LoadPartial(x + i, n - i, mean) - center;
            sum = Vector512.FusedMultiplyAdd(d, d, sum);
        }
        return Vector512.Sum(sum);
    }

    // y = (x − mean) · r ∘ scale + shift
    public static void Normalize(float* x, float mean, float r, float* scale, float* shift, float* y, int n)
    {
        var center = Vector512.Create(mean);
        var inverse = Vector512.Create(r);
        int i = 0;
        for (; i <= n - Lanes; i += Lanes)
        {
            var v = (Vector512.Load(x + i) - center) * inverse;
            if (scale != null) v *= Vector512.Load(scale + i);
            if (shift != null) v += Vector512.Load(shift + i);
            v.Store(y + i);
        }
        for (; i < n; i++)
        {
            float v = (x[i] - mean) * r;
            if (scale != null) v *= scale[i];
            if (shift != null) v += shift[i];
            y[i] = v;
        }
    }

    // Σ g and Σ g (x − mean) with g = scale ∘ dy
    public static (float Sum, float Dot) GradientSums(float* dy, float* scale, float* x, float mean, int n)
    {
        var center = Vector512.Create(mean);
        var sum = Vector512<float>.Zero;
        var dot = Vector512<float>.Zero;
        int i = 0;
        for (; i <= n - Lanes; i += Lanes)
        {
            var g = Vector512.Load(dy + i);
            if (scale != null) g *= Vector512.Load(scale + i);
            sum += g;
            dot = Vector512.FusedMultiplyAdd(g, Vector512.Load(x + i) - center, dot);
        }
        if (i < n)
        {
            var g = VectorMath.LoadPartial(dy + i, n - i);
            if (scale != null) g *= VectorMath.LoadPartial(scale + i, n - i);
            sum += g;
            dot = Vector512.FusedMultiplyAdd(g, VectorMath.LoadPartial(x + i, n - i, mean) - center, dot);
        }
        return (Vector512.Sum(sum), Vector512.Sum(dot));
    }

    // dx (+)= r (g − sumTerm − (x − mean) · dotTerm)
    public static void Backward(float* dy, float* scale, float* x, float mean, float r, float sumTerm, float dotTerm, float* dx, int n, bool accumulate)
    {
        var center = Vector512.Create(mean);
        var inverse = Vector512.Create(r);
        var sums = Vector512.Create(sumTerm);
        var dots = Vector512.Create(-dotTerm);
        int i = 0;
        for (; i <= n - Lanes; i += Lanes)
        {
            var g = Vector512.Load(dy + i);
            if (scale != null) g *= Vector512.Load(scale + i);
            var v = Vector512.FusedMultiplyAdd(Vector512.Load(x + i) - center, dots, g - sums) * inverse;
            if (accumulate) v += Vector512.Load(dx + i);
            v.Store(dx + i);
        }
        for (; i < n; i++)
        {
            float g = dy[i];
            if (scale != null) g *= scale[i];
            float v = MathF.FusedMultiplyAdd(x[i] - mean, -dotTerm, g - sumTerm) * r;
            dx[i] = accumulate ? dx[i] + v : v;
        }
    }
}
