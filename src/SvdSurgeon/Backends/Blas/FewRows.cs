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

    // Each thread reads long stretches of the weights, and yet one that was held up leaves work to the others.
    private const int ItemsAThread = 2,
        LeastOutputsAnItem = 16;

    public static void Run(ThreadTeam team, int tokens, float* x, StoredTensor weight, float* bias, float* y, bool accumulate)
    {
        int outputs = weight.Rows,
            inputs = weight.Columns;
        nint px = (nint)x,
            py = (nint)y,
            pBias = (nint)bias;
        int share = team.Threads == 1 ? outputs : Math.Max(LeastOutputsAnItem, (outputs - 1) / (ItemsAThread * team.Threads) + 1);
        Action<int> body = item =>
        {
            using var scratch = new Workspace(weight.Type is DType.F32 or DType.BF16 or DType.F16 ? 0 : (nuint)inputs * sizeof(float));
            for (int o = item * share; o < Math.Min(outputs, (item + 1) * share); o++)
                Output(o, tokens, (float*)px, weight, pBias == 0 ? 0 : ((float*)pBias)[o], (float*)py, accumulate, (float*)scratch.Pointer);
        };
        team.Run((outputs + share - 1) / share, body);
    }

    // One row after the other is one stream through memory: several at once, each shorter than a page, leave half of the bandwidth to
    // waiting.
    private static void Output(int output, int tokens, float* x, StoredTensor weight, float bias, float* y, bool accumulate, float* scratch)
    {
        int inputs = weight.Columns,
            outputs = weight.Rows;
        byte* row = (byte*)weight.RowAddress(output);
        if (scratch is not null)
        {
            weight.WidenRow(output, 0, new Span<float>(scratch, inputs));
            row = (byte*)scratch;
        }
        for (int t = 0; t < tokens; t++)
        {
            float* xt = x + (nint)t * inputs,
                to = y + (nint)t * outputs + output;
            float sum =
                bias
                + weight.Type switch
                {
                    DType.BF16 => Dot<BFloat16Loader>(row, xt, inputs),
                    DType.F16 => Dot<HalfLoader>(row, xt, inputs),
                    _ => Dot<SingleLoader>(row, xt, inputs),
                };
            *to = accumulate ? *to + sum : sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot<TLoader>(byte* row, float* x, int n)
        where TLoader : struct, IWeightLoader
    {
        int w = Vector<float>.Count,
            i = 0;
        Vector<float> a = default,
            b = default,
            c = default,
            d = default;
        for (; i <= n - 4 * w; i += 4 * w)
        {
            a = Vector.FusedMultiplyAdd(TLoader.Low(row, i), Vector.Load(x + i), a);
            b = Vector.FusedMultiplyAdd(TLoader.High(row, i), Vector.Load(x + i + w), b);
            c = Vector.FusedMultiplyAdd(TLoader.Low(row, i + 2 * w), Vector.Load(x + i + 2 * w), c);
            d = Vector.FusedMultiplyAdd(TLoader.High(row, i + 2 * w), Vector.Load(x + i + 3 * w), d);
        }
        // Ranks are no multiples of anything: what is left is done in vectors as far as it goes.
        for (; i <= n - 2 * w; i += 2 * w)
        {
            a = Vector.FusedMultiplyAdd(TLoader.Low(row, i), Vector.Load(x + i), a);
            b = Vector.FusedMultiplyAdd(TLoader.High(row, i), Vector.Load(x + i + w), b);
        }
        float sum = Vector.Sum(a + b + (c + d));
        for (; i < n; i++)
            sum += TLoader.One(row, i) * x[i];
        return sum;
    }

    // Numbers of a row from its storage type: a vector of those from i on, and a vector of those after them.
    private interface IWeightLoader
    {
        static abstract Vector<float> Low(byte* row, int i);
        static abstract Vector<float> High(byte* row, int i);
        static abstract float One(byte* row, int i);
    }

    private readonly struct SingleLoader : IWeightLoader
    {
        public static Vector<float> Low(byte* row, int i) => Vector.Load((float*)row + i);

        public static Vector<float> High(byte* row, int i) => Vector.Load((float*)row + i + Vector<float>.Count);

        public static float One(byte* row, int i) => ((float*)row)[i];
    }

    private readonly struct BFloat16Loader : IWeightLoader
    {
        public static Vector<float> Low(byte* row, int i) => Vector.AsVectorSingle(Vector.WidenLower(Vector.Load((ushort*)row + i)) << 16);

        public static Vector<float> High(byte* row, int i) => Vector.AsVectorSingle(Vector.WidenUpper(Vector.Load((ushort*)row + i)) << 16);

        public static float One(byte* row, int i) => BitConverter.UInt32BitsToSingle((uint)((ushort*)row)[i] << 16);
    }

    private readonly struct HalfLoader : IWeightLoader
    {
        public static Vector<float> Low(byte* row, int i) => HalfBits.Widen(Vector.WidenLower(Vector.Load((short*)row + i)));

        public static Vector<float> High(byte* row, int i) => HalfBits.Widen(Vector.WidenUpper(Vector.Load((short*)row + i)));

        public static float One(byte* row, int i) => HalfBits.Widen(((short*)row)[i]);
    }
}
