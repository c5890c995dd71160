namespace SvdSurgeon.Tensors.Blocks;

/// <summary>
/// Super-blocks of 256 numbers d·s·q − m·t: groups with a scale s and a minimum t, both small integers in units that the super-block has as
/// fp16.
/// </summary>
internal static class ShiftedSuperBlocks
{
    private const int Size = 256;

    /// <summary>16 groups of 16: 4 bits of scale and 4 of minimum each, then 256 two-bit numbers, d, m.</summary>
    public static void Q2_K(ReadOnlySpan<float> x, Span<byte> block)
    {
        const int group = 16,
            most = 15;
        Span<float> weights = stackalloc float[group],
            scales = stackalloc float[Size / group],
            minima = stackalloc float[Size / group];
        Span<int> l = stackalloc int[Size];
        for (int j = 0; j < scales.Length; j++)
        {
            var part = x.Slice(group * j, group);
            for (int i = 0; i < group; i++)
                weights[i] = Math.Abs(part[i]);
            (scales[j], minima[j]) = GridSearch.Shifted(part, weights, 3, (-0.5f, 0.1f, 15, true), l.Slice(group * j, group));
        }
        float maxScale = Largest(scales),
            maxMinimum = Largest(minima);
        var (d, m) = (PutUnit(block[80..], maxScale, most), PutUnit(block[82..], maxMinimum, most));
        for (int j = 0; j < scales.Length; j++)
        {
            int s = maxScale > 0 ? GridSearch.Nearest(most / maxScale * scales[j]) : 0;
            int t = maxMinimum > 0 ? GridSearch.Nearest(most / maxMinimum * minima[j]) : 0;
            block[j] = (byte)(s | (t << 4));
            RoundAgain(x.Slice(group * j, group), d * (block[j] & 15), m * (block[j] >> 4), 3, l.Slice(group * j, group));
        }
        PackedBits.PutTwoBits(block[16..], l);
    }

    /// <summary>d, m, then 8 groups of 32 with 6 bits of scale and 6 of minimum each, then 256 nibbles.</summary>
    public static void Q4_K(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<int> l = stackalloc int[Size];
        PutGroups(x, block, 15, (-1f, 0.1f, 20, false), l);
        PackedBits.PutNibbles(block[16..], l);
    }

    /// <summary>d, m, then 8 groups of 32 with 6 bits of scale and 6 of minimum each, then 256 fifth bits and nibbles.</summary>
    public static void Q5_K(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<int> l = stackalloc int[Size];
        PutGroups(x, block, 31, (-0.5f, 0.1f, 15, false), l);
        var high = block.Slice(16, 32);
        high.Clear();
        for (int i = 0; i < Size; i++)
            high[i % 32] |= (byte)(l[i] >> 4 << (i / 32));
        PackedBits.PutNibbles(block[48..], l);
    }

    // d, m and the scales and minima of the 8 groups of Q4_K and Q5_K, and the integers that go with them.
    private static void PutGroups(
        ReadOnlySpan<float> x,
        Span<byte> block,
        int mostQ,
        (float First, float Step, int Steps, bool Absolute) trials,
        Span<int> l
    )
    {
        const int group = 32,
            most = 63;
        Span<float> weights = stackalloc float[group],
            scales = stackalloc float[Size / group],
            minima = stackalloc float[Size / group];
        for (int j = 0; j < scales.Length; j++)
        {
            var part = x.Slice(group * j, group);
            float squares = 0;
            foreach (float value in part)
                squares += value * value;
            float typical = MathF.Sqrt(squares / group);
            for (int i = 0; i < group; i++)
                weights[i] = typical + Math.Abs(part[i]);
            (scales[j], minima[j]) = GridSearch.Shifted(part, weights, mostQ, trials, l.Slice(group * j, group));
        }
        float maxScale = Largest(scales),
            maxMinimum = Largest(minima);
        float inverseScale = maxScale > 0 ? most / maxScale : 0,
            inverseMinimum = maxMinimum > 0 ? most / maxMinimum : 0;
        var (d, m) = (PutUnit(block, maxScale, most), PutUnit(block[2..], maxMinimum, most));
        var packed = block.Slice(4, 12);
        packed.Clear();
        for (int j = 0; j < scales.Length; j++)
        {
            int s = Math.Min(most, (int)(byte)GridSearch.Nearest(inverseScale * scales[j]));
            int t = Math.Min(most, (int)(byte)GridSearch.Nearest(inverseMinimum * minima[j]));
            PackedBits.PutScaleAndMinimum(packed, j, s, t);
            RoundAgain(x.Slice(group * j, group), d * s, m * t, mostQ, l.Slice(group * j, group));
        }
    }

    private static float Largest(ReadOnlySpan<float> values)
    {
        float largest = 0;
        foreach (float value in values)
            if (value > largest)
                largest = value;
        return largest;
    }

    // The unit of scales that reach largest at most; what it is after rounding to fp16.
    private static float PutUnit(Span<byte> block, float largest, int most)
    {
        RoundedBlocks.PutHalf(block, largest / most);
        return (float)(Half)(largest / most);
    }

    private static void RoundAgain(ReadOnlySpan<float> x, float scale, float minimum, int most, Span<int> l)
    {
        if (scale == 0)
            return;
        for (int i = 0; i < x.Length; i++)
            l[i] = Math.Clamp(GridSearch.Nearest((x[i] + minimum) / scale), 0, most);
    }
}
