using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Blas;

/// <summary>
/// y[T, out] (+)= x[T, in] Wᵀ + bias for few tokens and 8- or 4-bit blocks, in integers: activations are rounded to 8 bits, a block of 32
/// products is an exact integer sum, and only its scale is a float. One token costs the bytes of the file: blocks are read as they are
/// stored, but for Q4_0, whose rows are interleaved once (<see cref="InterleavedNibbles"/>).
/// </summary>
internal static unsafe class IntegerRows
{
    private const int Block = ByteActivations.Block;

    // As for rows that are widened: long stretches for each thread, and work left over for others.
    private const int ItemsPerThread = 2,
        LeastOutputsPerItem = 16;

    /// <summary>True for the types that are multiplied in integers.</summary>
    public static bool Have(DType type) => type is DType.Q8_0 or DType.Q4_0 or DType.Q4_1;

    /// <summary>Multiplies.</summary>
    /// <param name="team">Threads.</param>
    /// <param name="tokens">T.</param>
    /// <param name="x">Activations.</param>
    /// <param name="weight">W.</param>
    /// <param name="interleaved">Interleaved matrices that were used before, by their tensors.</param>
    /// <param name="bias">One per output, or null.</param>
    /// <param name="y">Result.</param>
    /// <param name="accumulate">Add to what is there.</param>
    public static void Run(
        ThreadTeam team,
        int tokens,
        float* x,
        StoredTensor weight,
        ConditionalWeakTable<StoredTensor, InterleavedNibbles> interleaved,
        float* bias,
        float* y,
        bool accumulate
    )
    {
        using var memory = new Workspace(ByteActivations.Bytes((long)tokens * weight.Columns));
        var rounded = ByteActivations.Round(x, (long)tokens * weight.Columns, memory.Pointer);
        if (weight.Type == DType.Q4_0)
        {
            var nibbles = interleaved.GetValue(weight, tensor => new InterleavedNibbles(team, tensor));
            InterleavedRows.Run(team, tokens, rounded, nibbles, bias, y, weight.Rows, accumulate);
        }
        else if (weight.Type == DType.Q8_0)
            Run<Bytes>(team, tokens, rounded, weight, bias, y, accumulate);
        else
            Run<NibblesFromMinimum>(team, tokens, rounded, weight, bias, y, accumulate);
    }

    private static void Run<TBlocks>(
        ThreadTeam team,
        int tokens,
        ByteActivations rounded,
        StoredTensor weight,
        float* bias,
        float* y,
        bool accumulate
    )
        where TBlocks : struct, IIntegerBlocks
    {
        int outputs = weight.Rows,
            blocks = weight.Columns / Block;
        int share = team.Threads == 1 ? outputs : Math.Max(LeastOutputsPerItem, (outputs - 1) / (ItemsPerThread * team.Threads) + 1);
        nint py = (nint)y,
            pBias = (nint)bias;
        team.Run(
            (outputs + share - 1) / share,
            item =>
            {
                using var scratch = new Workspace((nuint)(3 * blocks) * sizeof(float));
                var scales = (float*)scratch.Pointer;
                for (int o = item * share; o < Math.Min(outputs, (item + 1) * share); o++)
                {
                    var row = (byte*)weight.RowAddress(o);
                    Scales(row, blocks, TBlocks.Bytes, scales);
                    if (TBlocks.HasMinimum)
                        Scales(row + sizeof(short), blocks, TBlocks.Bytes, scales + blocks);
                    for (int t = 0; t < tokens; t++)
                    {
                        float sum = (pBias == 0 ? 0 : ((float*)pBias)[o]) + Dot<TBlocks>(row, scales, blocks, rounded, t);
                        float* to = (float*)py + (nint)t * outputs + o;
                        *to = accumulate ? *to + sum : sum;
                    }
                }
            }
        );
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot<TBlocks>(byte* row, float* scales, int blocks, in ByteActivations x, int token)
        where TBlocks : struct, IIntegerBlocks
    {
        float* xScales = x.Scales + (nint)token * blocks,
            xSums = x.Sums + (nint)token * blocks,
            both = scales + 2 * blocks;
        sbyte* q = x.Q + (nint)token * blocks * Block;
        float minima = Multiply(scales, xScales, both, TBlocks.HasMinimum ? scales + blocks : scales, xSums, blocks);
        Vector256<float> even = default,
            odd = default;
        int b = 0;
        for (; b <= blocks - 2; b += 2, row += 2 * TBlocks.Bytes, q += 2 * Block)
        {
            var first = Vector256.ConvertToSingle(TBlocks.Dot(row, Vector256.Load(q)));
            var second = Vector256.ConvertToSingle(TBlocks.Dot(row + TBlocks.Bytes, Vector256.Load(q + Block)));
            even = Vector256.FusedMultiplyAdd(first, Vector256.Create(both[b]), even);
            odd = Vector256.FusedMultiplyAdd(second, Vector256.Create(both[b + 1]), odd);
        }
        if (b < blocks)
            even = Vector256.FusedMultiplyAdd(
                Vector256.ConvertToSingle(TBlocks.Dot(row, Vector256.Load(q))),
                Vector256.Create(both[b]),
                even
            );
        float sum = Vector256.Sum(even + odd);
        return TBlocks.HasMinimum ? sum + minima : sum;
    }

    // both = a∘x; returns Σ c·s.
    private static float Multiply(float* a, float* x, float* both, float* c, float* s, int count)
    {
        var sum = Vector256<float>.Zero;
        int i = 0;
        for (; i <= count - 8; i += 8)
        {
            (Vector256.Load(a + i) * Vector256.Load(x + i)).Store(both + i);
            sum = Vector256.FusedMultiplyAdd(Vector256.Load(c + i), Vector256.Load(s + i), sum);
        }
        float rest = Vector256.Sum(sum);
        for (; i < count; i++)
        {
            both[i] = a[i] * x[i];
            rest += c[i] * s[i];
        }
        return rest;
    }

    // The fp16 numbers at every stride bytes, widened, eight at a time.
    private static void Scales(byte* row, int blocks, int stride, float* scales)
    {
        int i = 0;
        for (; i <= blocks - 8; i += 8, row += 8 * stride)
        {
            var bits = Vector256.Create(
                (int)*(short*)row,
                *(short*)(row + stride),
                *(short*)(row + 2 * stride),
                *(short*)(row + 3 * stride),
                *(short*)(row + 4 * stride),
                *(short*)(row + 5 * stride),
                *(short*)(row + 6 * stride),
                *(short*)(row + 7 * stride)
            );
            HalfBits.Widen(bits).Store(scales + i);
        }
        for (; i < blocks; i++, row += stride)
            scales[i] = HalfBits.Widen(*(short*)row);
    }

    // How 32 integers lie in a block. A minimum adds Σ minimum · d·Σq.
    private interface IIntegerBlocks
    {
        static abstract int Bytes { get; }
        static abstract bool HasMinimum { get; }
        static abstract Vector256<int> Dot(byte* block, Vector256<sbyte> x);
    }

    private readonly struct Bytes : IIntegerBlocks
    {
        static int IIntegerBlocks.Bytes => 34;

        public static bool HasMinimum => false;

        public static Vector256<int> Dot(byte* block, Vector256<sbyte> x) => IntegerProducts.Signed(Vector256.Load((sbyte*)block + 2), x);
    }

    private readonly struct NibblesFromMinimum : IIntegerBlocks
    {
        public static int Bytes => 20;

        public static bool HasMinimum => true;

        public static Vector256<int> Dot(byte* block, Vector256<sbyte> x) => IntegerProducts.Nibbles(Nibbles(block + 4), x);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Nibbles(byte* q)
    {
        var packed = Vector128.Load(q);
        return Vector256.Create(packed, packed >>> 4) & Vector256.Create((byte)15);
    }
}
