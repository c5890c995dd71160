using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Blas;

/// <summary>
/// y[T, out] (+)= x[T, in] Wᵀ + bias for few tokens and interleaved 4-bit blocks, in integers: every lane is an output, and four numbers of
/// an activation serve eight of them.
/// </summary>
internal static unsafe class InterleavedRows
{
    private const int Block = ByteActivations.Block,
        Rows = InterleavedNibbles.Rows;

    // As for rows that are widened: long stretches for each thread, and work left over for others.
    private const int ItemsPerThread = 2;

    // Stored are q + 8.
    private const float Shift = -8;

    /// <summary>Multiplies.</summary>
    public static void Run(
        ThreadTeam team,
        int tokens,
        ByteActivations x,
        InterleavedNibbles weight,
        float* bias,
        float* y,
        int outputs,
        bool accumulate
    )
    {
        int share = team.Threads == 1 ? weight.Groups : (weight.Groups - 1) / (ItemsPerThread * team.Threads) + 1;
        nint py = (nint)y,
            pBias = (nint)bias;
        team.Run(
            (weight.Groups + share - 1) / share,
            item =>
            {
                for (int group = item * share; group < Math.Min(weight.Groups, (item + 1) * share); group++)
                for (int t = 0; t < tokens; t++)
                {
                    int first = group * Rows;
                    var sums = Dots(weight, group, x, t);
                    var to = new Span<float>((float*)py + (nint)t * outputs + first, Math.Min(Rows, outputs - first));
                    if (pBias != 0)
                        sums += Padded(new ReadOnlySpan<float>((float*)pBias + first, to.Length));
                    if (accumulate)
                        sums += Padded(to);
                    if (to.Length == Rows)
                        sums.CopyTo(to);
                    else
                        for (int r = 0; r < to.Length; r++)
                            to[r] = sums[r];
                }
            }
        );
    }

    // The last group may have fewer rows than lanes.
    private static Vector256<float> Padded(ReadOnlySpan<float> numbers)
    {
        if (numbers.Length == Rows)
            return Vector256.Create(numbers);
        Span<float> padded = stackalloc float[Rows];
        numbers.CopyTo(padded);
        return Vector256.Create<float>(padded);
    }

    // Σ over blocks of d · (d_x · Σ stored·q − 8 · d_x · Σq), for eight rows.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Vector256<float> Dots(InterleavedNibbles weight, int group, in ByteActivations x, int token)
    {
        int blocks = weight.Blocks;
        byte* block = weight.Group(group);
        float* xScales = x.Scales + (nint)token * blocks,
            xSums = x.Sums + (nint)token * blocks;
        sbyte* q = x.Q + (nint)token * blocks * Block;
        var sums = Vector256<float>.Zero;
        for (int b = 0; b < blocks; b++, block += InterleavedNibbles.BlockBytes, q += Block)
        {
            // Ahead of what the processor fetches by itself, which begins anew with every page.
            if (Sse.IsSupported)
                Sse.Prefetch0(block + 2048);
            var product = Vector256.ConvertToSingle(IntegerProducts.EightRows(block + InterleavedNibbles.ScaleBytes, q));
            var centered = Vector256.FusedMultiplyAdd(product, Vector256.Create(xScales[b]), Vector256.Create(Shift * xSums[b]));
            var halves = Vector256.WidenLower(Vector128.Load((short*)block).ToVector256Unsafe());
            sums = Vector256.FusedMultiplyAdd(HalfBits.Widen(halves), centered, sums);
        }
        return sums;
    }
}
