using System.Runtime.InteropServices;

namespace SvdSurgeon.Tensors.Blocks;

/// <summary>Super-blocks of 256 numbers d·s·q in 16 groups of 16, s a small signed integer, d fp16 at the end of the block.</summary>
internal static class ScaledSuperBlocks
{
    private const int Size = 256,
        Group = 16,
        Groups = Size / Group;

    /// <summary>256 third bits, 256 two-bit numbers, 16 scales of 6 bits, d.</summary>
    public static void Q3_K(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<float> scales = stackalloc float[Groups];
        Span<int> l = stackalloc int[Size];
        for (int j = 0; j < Groups; j++)
            scales[j] = GridSearch.SymmetricByTurns(x.Slice(Group * j, Group), 4, l.Slice(Group * j, Group));
        float extreme = RoundedBlocks.Extreme(scales);
        float inverse = extreme != 0 ? -32 / extreme : 0,
            d = extreme != 0 ? 1 / inverse : 0;
        RoundedBlocks.PutHalf(block[108..], d);
        d = (float)(Half)d;
        var packed = block.Slice(96, 12);
        packed.Clear();
        for (int j = 0; j < Groups; j++)
        {
            int s = extreme != 0 ? Math.Clamp((int)(sbyte)GridSearch.Nearest(inverse * scales[j]), -32, 31) : -32;
            if (extreme != 0)
                PackedBits.PutSixBits(packed, j, s + 32);
            RoundAgain(x.Slice(Group * j, Group), d * s, 4, l.Slice(Group * j, Group));
        }
        var high = block[..32];
        high.Clear();
        for (int i = 0; i < Size; i++)
            high[i % 32] |= (byte)(l[i] >> 2 << (i / 32));
        PackedBits.PutTwoBits(block[32..], l);
    }

    /// <summary>256 low nibbles, 256 two high bits, 16 scales of 8 bits, d.</summary>
    public static void Q6_K(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<float> scales = stackalloc float[Groups];
        Span<int> l = stackalloc int[Size];
        for (int j = 0; j < Groups; j++)
            scales[j] = GridSearch.Symmetric(x.Slice(Group * j, Group), 32, l.Slice(Group * j, Group));
        float extreme = RoundedBlocks.Extreme(scales);
        if (Math.Abs(extreme) < GridSearch.Nothing)
        {
            block.Clear();
            return;
        }
        float inverse = -128 / extreme,
            d = (float)(Half)(1 / inverse);
        RoundedBlocks.PutHalf(block[208..], 1 / inverse);
        var stored = MemoryMarshal.Cast<byte, sbyte>(block.Slice(192, Groups));
        for (int j = 0; j < Groups; j++)
        {
            stored[j] = (sbyte)Math.Min(127, GridSearch.Nearest(inverse * scales[j]));
            RoundAgain(x.Slice(Group * j, Group), d * stored[j], 32, l.Slice(Group * j, Group));
        }
        for (int half = 0; half < 2; half++)
        for (int i = 0; i < 32; i++)
        {
            var q = l.Slice(128 * half + i);
            block[64 * half + i] = (byte)((q[0] & 15) | ((q[64] & 15) << 4));
            block[64 * half + 32 + i] = (byte)((q[32] & 15) | ((q[96] & 15) << 4));
            block[128 + 32 * half + i] = (byte)((q[0] >> 4) | (q[32] >> 4 << 2) | (q[64] >> 4 << 4) | (q[96] >> 4 << 6));
        }
    }

    private static void RoundAgain(ReadOnlySpan<float> x, float scale, int half, Span<int> l)
    {
        if (scale == 0)
            return;
        for (int i = 0; i < x.Length; i++)
            l[i] = Math.Clamp(GridSearch.Nearest(x[i] / scale), -half, half - 1) + half;
    }
}
