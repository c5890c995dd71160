using System.Numerics;
using System.Runtime.CompilerServices;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Blas;

/// <summary>
/// y[T, out] (+)= x[T, in] Wᵀ + bias for few tokens: every weight is read once from its storage type and used at once, nothing is packed.
/// Decoding one token runs at the memory's bandwidth.
/// </summary>
internal static unsafe class FewRows
{
    /// <summary>Above this many tokens packing pays.</summary>
    public const int MaxTokens = 8;

    private const int OutputsAnItem = 64, OutputsAtOnce = 4;

    public static void Run(ThreadTeam team, int tokens, float* x, StoredTensor weight, float* bias, float* y, bool accumulate)
    {
        int outputs = weight.Rows, inputs = weight.Columns;
        nint px = (nint)x, py = (nint)y, pBias = (nint)bias;
        // A single token of a small module is done before a second thread has woken.
        int items = (outputs + OutputsAnItem - 1) / OutputsAnItem;
        Action<int> body = item =>
        {
            using var scratch = new Workspace(weight.Type is DType.F32 or DType.BF16 or DType.F16 ? 0 : (nuint)inputs * OutputsAtOnce * sizeof(float));
            for (int o = item * OutputsAnItem; o < Math.Min(outputs, (item + 1) * OutputsAnItem); o += OutputsAtOnce)
                Outputs(Math.Min(OutputsAtOnce, outputs - o), o, tokens, (float*)px, weight, (float*)pBias, (float*)py, accumulate, (float*)scratch.Pointer);
        };
        team.Run(items, body);
    }

    private static void Outputs(int count, int first, int tokens, float* x, StoredTensor weight, float* bias, float* y, bool accumulate, float* scratch)
    {
        int inputs = weight.Columns, outputs = weight.Rows;
        byte** rows = stackalloc byte*[OutputsAtOnce];
        // The last group repeats its first row rather than having a kernel for each size.
        for (int i = 0; i < OutputsAtOnce; i++) rows[i] = (byte*)weight.RowAddress(first + (i < count ? i : 0));
        if (scratch is not null)
            for (int i = 0; i < count; i++)
            {
                Widening.ToSingle(weight.Type, (nint)rows[i], new Span<float>(scratch + (nint)i * inputs, inputs));
                rows[i] = (byte*)(scratch + (nint)i * inputs);
            }
        if (scratch is not null)
            for (int i = count; i < OutputsAtOnce; i++) rows[i] = rows[0];
        float* sums = stackalloc float[OutputsAtOnce];
        for (int t = 0; t < tokens; t++)
        {
            float* xt = x + (nint)t * inputs;
            if (weight.Type == DType.BF16) Dots<BFloat16Loader>(rows, xt, inputs, sums);
            else if (weight.Type == DType.F16) Dots<HalfLoader>(rows, xt, inputs, sums);
            else Dots<SingleLoader>(rows, xt, inputs, sums);
            float* to = y + (nint)t * outputs + first;
            for (int i = 0; i < count; i++)
            {
                float sum = sums[i] + (bias is null ? 0 : bias[first + i]);
                to[i] = accumulate ? to[i] + sum : sum;
            }
        }
    }

    // Four dot products with one x, two vectors at a time: eight independent sums.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dots<TLoader>(byte** rows, float* x, int n, float* sums) where TLoader : struct, IWeightLoader
    {
        int w = Vector<float>.Count, i = 0;
        byte* r0 = rows[0], r1 = rows[1], r2 = rows[2], r3 = rows[3];
        Vector<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        for (; i <= n - 2 * w; i += 2 * w)
        {
            Vector<float> x0 = Vector.Load(x + i), x1 = Vector.Load(x + i + w);
            TLoader.Load(r0, i, out var l, out var h);
            a0 = Vector.FusedMultiplyAdd(l, x0, a0);
            b0 = Vector.FusedMultiplyAdd(h, x1, b0);
            TLoader.Load(r1, i, out l, out h);
            a1 = Vector.FusedMultiplyAdd(l, x0, a1);
            b1 = Vector.FusedMultiplyAdd(h, x1, b1);
            TLoader.Load(r2, i, out l, out h);
            a2 = Vector.FusedMultiplyAdd(l, x0, a2);
            b2 = Vector.FusedMultiplyAdd(h, x1, b2);
            TLoader.Load(r3, i, out l, out h);
            a3 = Vector.FusedMultiplyAdd(l, x0, a3);
            b3 = Vector.FusedMultiplyAdd(h, x1, b3);
        }
        float s0 = Vector.Sum(a0 + b0), s1 = Vector.Sum(a1 + b1), s2 = Vector.Sum(a2 + b2), s3 = Vector.Sum(a3 + b3);
        for (; i < n; i++)
        {
            s0 += TLoader.One(r0, i) * x[i];
            s1 += TLoader.One(r1, i) * x[i];
            s2 += TLoader.One(r2, i) * x[i];
            s3 += TLoader.One(r3, i) * x[i];
        }
        sums[0] = s0;
        sums[1] = s1;
        sums[2] = s2;
        sums[3] = s3;
    }

    private interface IWeightLoader
    {
        static abstract void Load(byte* row, int i, out Vector<float> low, out Vector<float> high);
        static abstract float One(byte* row, int i);
    }

    private readonly struct SingleLoader : IWeightLoader
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Load(byte* row, int i, out Vector<float> low, out Vector<float> high)
        {
            low = Vector.Load((float*)row + i);
            high = Vector.Load((float*)row + i + Vector<float>.Count);
        }

        public static float One(byte* row, int i) => ((float*)row)[i];
    }

    private readonly struct BFloat16Loader : IWeightLoader
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Load(byte* row, int i, out Vector<float> low, out Vector<float> high)
        {
            Vector.Widen(Vector.Load((ushort*)row + i), out var l, out var h);
            low = Vector.AsVectorSingle(l << 16);
            high = Vector.AsVectorSingle(h << 16);
        }

        public static float One(byte* row, int i) => BitConverter.UInt32BitsToSingle((uint)((ushort*)row)[i] << 16);
    }

    private readonly struct HalfLoader : IWeightLoader
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Load(byte* row, int i, out Vector<float> low, out Vector<float> high)
        {
            Vector.Widen(Vector.Load((ushort*)row + i), out var l, out var h);
            low = HalfBits.Widen(l);
            high = HalfBits.Widen(h);
        }

        public static float One(byte* row, int i) => (float)((Half*)row)[i];
    }
}
