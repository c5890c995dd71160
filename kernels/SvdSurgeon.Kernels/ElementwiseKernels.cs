using ILGPU;

namespace SvdSurgeon.Kernels;

/// <summary>
/// Element by element on flat arrays of length N. Launch: (min(⌈N/g⌉, 32 a multiprocessor), g) threads, each striding by the whole grid.
/// No shared memory; all are memory bound.
/// </summary>
public static class ElementwiseKernels
{
    /// <summary>x = value. Writes 4N bytes.</summary>
    public static void Fill(ArrayView<float> x, float value)
    {
        for (long i = Grid.GlobalLinearIndex, step = Grid.DimX * (long)Group.DimX; i < x.Length; i += step)
            x[i] = value;
    }

    /// <summary>The residual: y += a·x. Reads 8N bytes, writes 4N; 2N FLOPs.</summary>
    public static void AddScaled(ArrayView<float> x, float a, ArrayView<float> y)
    {
        for (long i = Grid.GlobalLinearIndex, step = Grid.DimX * (long)Group.DimX; i < y.Length; i += step)
            y[i] += a * x[i];
    }

    /// <summary>y = a ∘ b; y may be a or b. Reads 8N bytes, writes 4N; N FLOPs.</summary>
    public static void Multiply(ArrayView<float> a, ArrayView<float> b, ArrayView<float> y)
    {
        for (long i = Grid.GlobalLinearIndex, step = Grid.DimX * (long)Group.DimX; i < y.Length; i += step)
            y[i] = a[i] * b[i];
    }

    /// <summary>y[t, j] += b[j]; y: T × n, b: n. Reads 4Tn bytes, writes 4Tn; Tn FLOPs.</summary>
    public static void AddBias(ArrayView<float> b, ArrayView<float> y, int n)
    {
        for (long i = Grid.GlobalLinearIndex, step = Grid.DimX * (long)Group.DimX; i < y.Length; i += step)
            y[i] += b[i % n];
    }

    /// <summary>y[t, j] = b[j], so that a product that accumulates adds to the bias. Writes 4Tn bytes.</summary>
    public static void BroadcastBias(ArrayView<float> b, ArrayView<float> y, int n)
    {
        for (long i = Grid.GlobalLinearIndex, step = Grid.DimX * (long)Group.DimX; i < y.Length; i += step)
            y[i] = b[i % n];
    }

    /// <summary>y = max(x, 0); y may be x. Reads 4N bytes, writes 4N.</summary>
    public static void Relu(ArrayView<float> x, ArrayView<float> y)
    {
        for (long i = Grid.GlobalLinearIndex, step = Grid.DimX * (long)Group.DimX; i < y.Length; i += step)
        {
            float v = x[i];
            y[i] = v < 0f ? 0f : v; // written so that NaN stays NaN and is found at the head
        }
    }

    /// <summary>dx = dy where x > 0; dx may be dy. Reads 8N bytes, writes 4N.</summary>
    public static void ReluBackward(ArrayView<float> dy, ArrayView<float> x, ArrayView<float> dx)
    {
        for (long i = Grid.GlobalLinearIndex, step = Grid.DimX * (long)Group.DimX; i < dx.Length; i += step)
            dx[i] = x[i] > 0f ? dy[i] : 0f;
    }

    /// <summary>y = x Φ(x); y may be x. Reads 4N bytes, writes 4N; about 60N FLOPs.</summary>
    public static void Gelu(ArrayView<float> x, ArrayView<float> y)
    {
        for (long i = Grid.GlobalLinearIndex, step = Grid.DimX * (long)Group.DimX; i < y.Length; i += step)
        {
            float v = x[i];
            y[i] = v * KernelMath.NormalCdf(v);
        }
    }

    /// <summary>dx = dy (Φ(x) + x φ(x)); dx may be dy. Reads 8N bytes, writes 4N; about 80N FLOPs.</summary>
    public static void GeluBackward(ArrayView<float> dy, ArrayView<float> x, ArrayView<float> dx)
    {
        for (long i = Grid.GlobalLinearIndex, step = Grid.DimX * (long)Group.DimX; i < dx.Length; i += step)
        {
            float v = x[i];
            dx[i] = dy[i] * (KernelMath.NormalCdf(v) + v * KernelMath.NormalDensity(v));
        }
    }

    /// <summary>y = x · ½ (1 + tanh(√(2/π) (x + 0.044715 x³))); y may be x. Reads 4N bytes, writes 4N; about 25N FLOPs.</summary>
    public static void GeluTanh(ArrayView<float> x, ArrayView<float> y)
    {
        for (long i = Grid.GlobalLinearIndex, step = Grid.DimX * (long)Group.DimX; i < y.Length; i += step)
        {
            float v = x[i];
            y[i] = v * KernelMath.GeluGate(v);
        }
    }

    /// <summary>dx = dy times the derivative of GeluTanh; dx may be dy. Reads 8N bytes, writes 4N; about 35N FLOPs.</summary>
    public static void GeluTanhBackward(ArrayView<float> dy, ArrayView<float> x, ArrayView<float> dx)
    {
        for (long i = Grid.GlobalLinearIndex, step = Grid.DimX * (long)Group.DimX; i < dx.Length; i += step)
        {
            float v = x[i],
                s = KernelMath.GeluGate(v);
            dx[i] = dy[i] * (s + v * s * (1f - s) * (3f * 0.07135481627f * v * v + 1.5957691216f));
        }
    }

    /// <summary>x = cap · tanh(x / cap). Reads 4N bytes, writes 4N; about 35N FLOPs.</summary>
    public static void SoftCap(ArrayView<float> x, float cap)
    {
        for (long i = Grid.GlobalLinearIndex, step = Grid.DimX * (long)Group.DimX; i < x.Length; i += step)
            x[i] = cap * KernelMath.Tanh(x[i] / cap);
    }

    /// <summary>The same, and its derivative in slope. Writes 8N bytes.</summary>
    public static void SoftCapWithSlope(ArrayView<float> x, float cap, ArrayView<float> slope)
    {
        for (long i = Grid.GlobalLinearIndex, step = Grid.DimX * (long)Group.DimX; i < x.Length; i += step)
        {
            float t = KernelMath.Tanh(x[i] / cap);
            x[i] = cap * t;
            slope[i] = 1f - t * t;
        }
    }

    /// <summary>y = g · sigmoid(g) ∘ u. Reads 8N bytes, writes 4N; about 20N FLOPs.</summary>
    public static void SwiGlu(ArrayView<float> gate, ArrayView<float> up, ArrayView<float> y)
    {
        for (long i = Grid.GlobalLinearIndex, step = Grid.DimX * (long)Group.DimX; i < y.Length; i += step)
        {
            float g = gate[i];
            y[i] = g * KernelMath.Sigmoid(g) * up[i];
        }
    }

    /// <summary>
    /// du = dy · g s, dg = dy · u · s (1 + g (1 − s)) with s = sigmoid(g); dGate and dUp may be gate and up. Reads 12N bytes, writes 8N;
    /// about 25N FLOPs.
    /// </summary>
    public static void SwiGluBackward(
        ArrayView<float> dy,
        ArrayView<float> gate,
        ArrayView<float> up,
        ArrayView<float> dGate,
        ArrayView<float> dUp
    )
    {
        for (long i = Grid.GlobalLinearIndex, step = Grid.DimX * (long)Group.DimX; i < dy.Length; i += step)
        {
            float g = gate[i],
                u = up[i],
                d = dy[i];
            float s = KernelMath.Sigmoid(g);
            dUp[i] = d * g * s;
            dGate[i] = d * u * s * (1f + g * (1f - s));
        }
    }
}
