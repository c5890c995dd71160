using System.Numerics;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Cpu;

internal sealed unsafe partial class CpuBackend
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
    public void GeluTanh(Tensor x, Tensor y) => ElementwiseLoop.Run<GeluTanhKernel>(_team, Pointer(x), Pointer(y), x.Length);

    /// <inheritdoc/>
    public void GeluTanhBackward(Tensor dy, Tensor x, Tensor dx) =>
        ElementwiseLoop.Run<GeluTanhBackwardKernel>(_team, Pointer(dy), Pointer(x), Pointer(dx), x.Length);

    /// <inheritdoc/>
    public void SoftCap(Tensor x, float cap, Tensor? slope = null)
    {
        if (slope is not null)
            RequireSameShape(x, slope);
        float* p = Pointer(x),
            s = slope is null ? null : Pointer(slope);
        ForElements(x.Length, (first, count) => SoftCapKernels.Apply(p + first, s == null ? null : s + first, cap, count));
    }

    /// <inheritdoc/>
    public void SwiGlu(Tensor gate, Tensor up, Tensor y) =>
        ElementwiseLoop.Run<SwiGluKernel>(_team, Pointer(gate), Pointer(up), Pointer(y), gate.Length);

    /// <inheritdoc/>
    public void SwiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dGate, Tensor dUp)
    {
        float* d = Pointer(dy),
            g = Pointer(gate),
            u = Pointer(up),
            dg = Pointer(dGate),
            du = Pointer(dUp);
        ElementwiseLoop.RunRows(
            _team,
            gate.Rows,
            gate.Columns,
            (firstRow, rows) =>
            {
                long first = (long)firstRow * gate.Columns,
                    end = first + (long)rows * gate.Columns,
                    i = first;
                for (; i <= end - VectorMath.Lanes; i += VectorMath.Lanes)
                {
                    var (a, b) = SwiGluGradients(Vector.Load(d + i), Vector.Load(g + i), Vector.Load(u + i));
                    a.Store(dg + i);
                    b.Store(du + i);
                }
                if (i < end)
                {
                    int n = (int)(end - i);
                    var (a, b) = SwiGluGradients(
                        VectorMath.LoadPartial(d + i, n),
                        VectorMath.LoadPartial(g + i, n),
                        VectorMath.LoadPartial(u + i, n)
                    );
                    VectorMath.StorePartial(a, dg + i, n);
                    VectorMath.StorePartial(b, du + i, n);
                }
            }
        );
    }

    // silu'(g) = s + g s (1 − s) with s = sigmoid(g)
    private static (Vector<float> Gate, Vector<float> Up) SwiGluGradients(Vector<float> dy, Vector<float> gate, Vector<float> up)
    {
        var s = VectorMath.Sigmoid(gate);
        var silu = gate * s;
        return (dy * up * Vector.FusedMultiplyAdd(silu, Vector<float>.One - s, s), dy * silu);
    }

    private static float* Pointer(Tensor x) => ((CpuTensor)x).Pointer;

    // max(x, 0) that keeps NaN: x < 0 is false for it.
    private readonly struct ReluKernel : IUnaryKernel
    {
        public static Vector<float> Apply(Vector<float> x) =>
            Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), Vector<float>.Zero, x);
    }

    private readonly struct ReluBackwardKernel : IBinaryKernel
    {
        public static Vector<float> Apply(Vector<float> dy, Vector<float> x) =>
            Vector.ConditionalSelect(Vector.GreaterThan(x, Vector<float>.Zero), dy, Vector<float>.Zero);
    }

    private readonly struct GeluKernel : IUnaryKernel
    {
        public static Vector<float> Apply(Vector<float> x) => x * VectorMath.NormalCdf(x, out _);
    }

    // Φ(x) + x φ(x), φ(x) = e^(−x²/2) / √(2π)
    private readonly struct GeluBackwardKernel : IBinaryKernel
    {
        public static Vector<float> Apply(Vector<float> dy, Vector<float> x)
        {
            var cdf = VectorMath.NormalCdf(x, out var gaussian);
            return dy * Vector.FusedMultiplyAdd(x * gaussian, Vector.Create(0.39894228f), cdf);
        }
    }

    // ½ (1 + tanh u) = sigmoid(2u), u = √(2/π) (x + 0.044715 x³)
    private readonly struct GeluTanhKernel : IUnaryKernel
    {
        private static readonly float s_factor = 2 * (float)Math.Sqrt(2 / Math.PI);

        public static Vector<float> Apply(Vector<float> x) => x * Gate(x);

        public static Vector<float> Gate(Vector<float> x) =>
            VectorMath.Sigmoid(x * Vector.FusedMultiplyAdd(x * x, Vector.Create(0.044715f * s_factor), Vector.Create(s_factor)));

        // ∂(2u)/∂x
        public static Vector<float> InnerSlope(Vector<float> x) =>
            Vector.FusedMultiplyAdd(x * x, Vector.Create(3 * 0.044715f * s_factor), Vector.Create(s_factor));
    }

    private readonly struct GeluTanhBackwardKernel : IBinaryKernel
    {
        public static Vector<float> Apply(Vector<float> dy, Vector<float> x)
        {
            var s = GeluTanhKernel.Gate(x);
            return dy * Vector.FusedMultiplyAdd(x * s * (Vector<float>.One - s), GeluTanhKernel.InnerSlope(x), s);
        }
    }

    private readonly struct SwiGluKernel : IBinaryKernel
    {
        public static Vector<float> Apply(Vector<float> gate, Vector<float> up) => gate * VectorMath.Sigmoid(gate) * up;
    }
}
