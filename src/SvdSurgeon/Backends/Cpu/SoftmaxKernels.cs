using System.Numerics;
using System.Runtime.CompilerServices;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>Losses over one row of logits. Sums run in float32 over 1,024 numbers and in float64 across these.</summary>
internal static unsafe class SoftmaxKernels
{
    private const int Block = 1024;

    /// <summary>
    /// −log softmax(x)[label], 0 for a negative label; with <paramref name="gradient"/> x becomes scale · (softmax − onehot), or 0 for a
    /// negative label. NaN when a logit is not finite.
    /// </summary>
    public static double CrossEntropy(float* x, int n, int label, bool gradient, float scale)
    {
        float max = VectorMath.Max(x, n);
        if (!AllFinite(x, n))
            return double.NaN;
        double target = label < 0 ? 0 : x[label];
        bool store = gradient && label >= 0;
        double sum = SumExp(x, n, max, store);
        if (gradient)
        {
            if (label < 0)
                new Span<float>(x, n).Clear();
            else
            {
                VectorMath.Scale(x, (float)(scale / sum), x, n);
                x[label] -= scale;
            }
        }
        return label < 0 ? 0 : max - target + Math.Log(sum);
    }

    /// <summary>log Σ exp(x). NaN when a logit is not finite.</summary>
    public static double LogSumExp(float* x, int n)
    {
        float max = VectorMath.Max(x, n);
        return AllFinite(x, n) ? max + Math.Log(SumExp(x, n, max, false)) : double.NaN;
    }

    /// <summary>Σ p (log p − log q), p and q the softmax of two rows of logits. NaN when a logit is not finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double KullbackLeibler(float* p, float* q, int n)
    {
        if (!AllFinite(p, n) || !AllFinite(q, n))
            return double.NaN;
        float pMax = VectorMath.Max(p, n),
            qMax = VectorMath.Max(q, n);
        double pSum = SumExp(p, n, pMax, false),
            qSum = SumExp(q, n, qMax, false);
        // Σ p (p_i − q_i) over the shifted logits, then the two normalisers.
        var pShift = Vector.Create(pMax);
        var qShift = Vector.Create(qMax);
        double weighted = 0;
        for (int first = 0; first < n; first += Block)
        {
            int end = Math.Min(n, first + Block),
                i = first;
            var sum = Vector<float>.Zero;
            for (; i <= end - VectorMath.Lanes; i += VectorMath.Lanes)
            {
                var a = Vector.Load(p + i) - pShift;
                sum = Vector.FusedMultiplyAdd(VectorMath.Exp(a), a - (Vector.Load(q + i) - qShift), sum);
            }
            weighted += Vector.Sum(sum);
            for (; i < end; i++)
            {
                float a = p[i] - pMax;
                weighted += Math.Exp(a) * (a - (q[i] - qMax));
            }
        }
        return weighted / pSum - Math.Log(pSum) + Math.Log(qSum);
    }

    // Σ exp(x − max); with store, x becomes exp(x − max).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double SumExp(float* x, int n, float max, bool store)
    {
        var shift = Vector.Create(max);
        double total = 0;
        for (int first = 0; first < n; first += Block)
        {
            int end = Math.Min(n, first + Block),
                i = first;
            var sum = Vector<float>.Zero;
            for (; i <= end - VectorMath.Lanes; i += VectorMath.Lanes)
            {
                var e = VectorMath.Exp(Vector.Load(x + i) - shift);
                sum += e;
                if (store)
                    e.Store(x + i);
            }
            if (i < end)
            {
                var e = VectorMath.Exp(VectorMath.LoadPartial(x + i, end - i, float.NegativeInfinity) - shift);
                sum += e;
                if (store)
                    VectorMath.StorePartial(e, x + i, end - i);
            }
            total += Vector.Sum(sum);
        }
        return total;
    }

    // x − x is 0 for a number and NaN for ±∞ and NaN.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool AllFinite(float* x, int n)
    {
        var zeros = Vector<float>.Zero;
        int i = 0;
        for (; i <= n - VectorMath.Lanes; i += VectorMath.Lanes)
        {
            var v = Vector.Load(x + i);
            zeros += v - v;
        }
        if (i < n)
        {
            var v = VectorMath.LoadPartial(x + i, n - i);
            zeros += v - v;
        }
        return Vector.EqualsAll(zeros, Vector<float>.Zero);
    }
}
