using System.Numerics;
using System.Runtime.CompilerServices;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>cap · tanh(x / cap): what keeps scores and logits within ±cap (Gemma 2).</summary>
internal static unsafe class SoftCapKernels
{
    /// <summary>Overwrites n numbers; slope, where it is not null, gets the derivative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(float* x, float* slope, float cap, int n)
    {
        var (scale, inverse) = (Vector.Create(cap), Vector.Create(1 / cap));
        int i = 0;
        for (; i <= n - VectorMath.Lanes; i += VectorMath.Lanes)
        {
            var t = VectorMath.Tanh(Vector.Load(x + i) * inverse);
            (t * scale).Store(x + i);
            if (slope != null)
                (Vector<float>.One - t * t).Store(slope + i);
        }
        if (i == n)
            return;
        var last = VectorMath.Tanh(VectorMath.LoadPartial(x + i, n - i) * inverse);
        VectorMath.StorePartial(last * scale, x + i, n - i);
        if (slope != null)
            VectorMath.StorePartial(Vector<float>.One - last * last, slope + i, n - i);
    }
}
