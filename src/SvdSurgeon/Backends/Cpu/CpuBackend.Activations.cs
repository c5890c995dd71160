using System.Runtime.Intrinsics;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void Relu(Tensor x, Tensor y) => ElementwiseLoop.Run<ReluKernel>(_team, Pointer(x), Pointer(y), x.Length);

    /// <inheritdoc/>
    public void ReluBackward(Tensor dy, Tensor x, Tensor dx) =>
        ElementwiseLoop.Run<ReluBackwardKernel>(_team, Pointer(dy), Pointer(x), Pointer(dx), x.Length);

    /// <inheritdoc/>
    public void Gelu(Tensor x, Tensor y) => ElementwiseLoop.Run<GeluKernel>(_team, Pointer(x), Pointer(y), x.Length);

    /// <inheritdoc/>
    public void GeluBackward(Tensor dy, Tensor x, Tensor dx) =>
        ElementwiseLoop.Run<GeluBackwardKernel>(_team, Pointer(dy), Pointer(x), Pointer(dx), x.Length);

    /// <inheritdoc/>
    public void SwiGlu(Tensor gate, Tensor up, Tensor y) =>
        ElementwiseLoop.Run<SwiGluKernel>(_team, Pointer(gate), Pointer(up), Pointer(y), gate.Length);

    /// <inheritdoc/>
    public void SwiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dGate, Tensor dUp)
    {
        float* d = Pointer(dy), g = Pointer(gate), u = Pointer(up), dg = Pointer(dGate), du = Pointer(dUp);
        ElementwiseLoop.RunRows(_team, gate.Rows, gate.Columns, (firstRow, rows) =>
        {
            long first = (long)firstRow * gate.Columns, end = first + (long)rows * gate.Columns, i = first;
            for (; i <= end - VectorMath.Lanes; i += VectorMath.Lanes)
            {
                var (a, b) = SwiGluGradients(Vector512.Load(d + i), Vector512.Load(g + i), Vector512.Load(u + i));
                a.Store(dg + i);
                b.Store(du + i);
            }
            if (i < end)
            {
                int n = (int)(end - i);
                var (a, b) = SwiGluGradients(VectorMath.LoadPartial(d + i, n), VectorMath.LoadPartial(g + i, n), VectorMath.LoadPartial(u + i, n));
                VectorMath.StorePartial(a, dg + i, n);
                VectorMath.StorePartial(b, du + i, n);
            }
        });
    }

    // silu'(g) = s + g s (1 − s) with s = sigmoid(g)
    private static (Vector512<float> Gate, Vector512<float> Up) SwiGluGradients(Vector512<float> dy, Vector512<float> gate, Vector512<float> up)
    {
        var s = VectorMath.Sigmoid(gate);
        var silu = gate * s;
        return (dy * up * Vector512.FusedMultiplyAdd(silu, Vector512<float>.One - s, s), dy * silu);
    }

    private static float* Pointer(Tensor x) => ((CpuTensor)x).Pointer;

    // max(x, 0) that keeps NaN: x < 0 is false for it.
    private readonly struct ReluKernel : IUnaryKernel
    {
        public static Vector512<float> Apply(Vector512<float> x) =>
            Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<float>.Zero), Vector512<float>.Zero, x);
    }

    private readonly struct ReluBackwardKernel : IBinaryKernel
    {
        public static Vector512<float> Apply(Vector512<float> dy, Vector512<float> x) =>
            Vector512.ConditionalSelect(Vector512.GreaterThan(x, Vector512<float>.Zero), dy, Vector512<float>.Zero);
    }

    private readonly struct GeluKernel : IUnaryKernel
    {
        public static Vector512<float> Apply(Vector512<float> x) => x * VectorMath.NormalCdf(x, out _);
    }

    // Φ(x) + x φ(x), φ(x) = e^(−x²/2) / √(2π)
    private readonly struct GeluBackwardKernel : IBinaryKernel
    {
        public static Vector512<float> Apply(Vector512<float> dy, Vector512<float> x)
        {
            var cdf = VectorMath.NormalCdf(x, out var gaussian);
            return dy * Vector512.FusedMultiplyAdd(x * gaussian, Vector512.Create(0.39894228f), cdf);
        }
    }

    private readonly struct SwiGluKernel : IBinaryKernel
    {
        public static Vector512<float> Apply(Vector512<float> gate, Vector512<float> up) => gate * VectorMath.Sigmoid(gate) * up;
    }
}
