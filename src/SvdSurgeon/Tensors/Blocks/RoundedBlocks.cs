using System.Buffers.Binary;

namespace SvdSurgeon.Tensors.Blocks;

/// <summary>
/// Blocks with one scale, and perhaps a minimum, taken from the largest numbers: the others are rounded to the nearest step.
/// </summary>
internal static class RoundedBlocks
{
    /// <summary>fp16 d = max|x| / 127, then 32 signed bytes round(x / d).</summary>
    public static void Q8_0(ReadOnlySpan<float> x, Span<byte> block)
    {
        float d = Math.Abs(Extreme(x)) / 127;
        float inverse = d != 0 ? 1 / d : 0;
        PutHalf(block, d);
        for (int i = 0; i < x.Length; i++)
            block[2 + i] = (byte)(sbyte)MathF.Round(x[i] * inverse, MidpointRounding.AwayFromZero);
    }

    /// <summary>fp16 d, then 32 nibbles x / d + 8: the number that is largest in magnitude becomes −8·d exactly.</summary>
    public static void Q4_0(ReadOnlySpan<float> x, Span<byte> block)
    {
        float d = Extreme(x) / -8;
        float inverse = d != 0 ? 1 / d : 0;
        PutHalf(block, d);
        for (int i = 0; i < 16; i++)
            block[2 + i] = (byte)(Step(x[i]) | (Step(x[i + 16]) << 4));

        int Step(float value) => Math.Min(15, (int)(value * inverse + 8.5f));
    }

    /// <summary>fp16 d = (max − min) / 15 and fp16 min, then 32 nibbles (x − min) / d.</summary>
    public static void Q4_1(ReadOnlySpan<float> x, Span<byte> block)
    {
        var (least, inverse) = Range(x, 15, block);
        for (int i = 0; i < 16; i++)
            block[4 + i] = (byte)(Step(x[i]) | (Step(x[i + 16]) << 4));

        int Step(float value) => Math.Min(15, (int)((value - least) * inverse + 0.5f));
    }

    /// <summary>fp16 d, 32 high bits, 32 nibbles of x / d + 16: the number that is largest in magnitude becomes −16·d exactly.</summary>
    public static void Q5_0(ReadOnlySpan<float> x, Span<byte> block)
    {
        float d = Extreme(x) / -16;
        float inverse = d != 0 ? 1 / d : 0;
        PutHalf(block, d);
        Span<byte> q = stackalloc byte[32];
        for (int i = 0; i < 32; i++)
            q[i] = (byte)Math.Min(31, (int)(x[i] * inverse + 16.5f));
        PutFiveBits(block[2..], q);
    }

    /// <summary>fp16 d = (max − min) / 31 and fp16 min, 32 high bits, 32 nibbles of (x − min) / d.</summary>
    public static void Q5_1(ReadOnlySpan<float> x, Span<byte> block)
    {
        var (least, inverse) = Range(x, 31, block);
        Span<byte> q = stackalloc byte[32];
        for (int i = 0; i < 32; i++)
            q[i] = (byte)((x[i] - least) * inverse + 0.5f);
        PutFiveBits(block[4..], q);
    }

    /// <summary>fp16 d = max|x|, then 64 two-bit numbers x / d + 1, four per byte, lowest first; they stand for −d, 0, d and 2d.</summary>
    public static void Q2_0(ReadOnlySpan<float> x, Span<byte> block)
    {
        float d = Math.Abs(Extreme(x));
        float inverse = d > 0 ? 1 / d : 0;
        PutHalf(block, d);
        block[2..].Clear();
        for (int i = 0; i < x.Length; i++)
        {
            int q = Math.Clamp((int)MathF.Round(x[i] * inverse, MidpointRounding.AwayFromZero) + 1, 0, 3);
            block[2 + i / 4] |= (byte)(q << (i % 4 * 2));
        }
    }

    /// <summary>The number of largest magnitude, the first of equals.</summary>
    public static float Extreme(ReadOnlySpan<float> x)
    {
        float extreme = 0;
        foreach (float value in x)
            if (Math.Abs(extreme) < Math.Abs(value))
                extreme = value;
        return extreme;
    }

    /// <summary>Rounds to fp16.</summary>
    public static void PutHalf(Span<byte> block, float value) => BinaryPrimitives.WriteHalfLittleEndian(block, (Half)value);

    private static (float Least, float Inverse) Range(ReadOnlySpan<float> x, int steps, Span<byte> block)
    {
        float least = float.MaxValue,
            most = -float.MaxValue;
        foreach (float value in x)
        {
            if (value < least)
                least = value;
            if (value > most)
                most = value;
        }
        float d = (most - least) / steps;
        PutHalf(block, d);
        PutHalf(block[2..], least);
        return (least, d != 0 ? 1 / d : 0);
    }

    private static void PutFiveBits(Span<byte> block, ReadOnlySpan<byte> q)
    {
        uint high = 0;
        for (int i = 0; i < 32; i++)
            high |= (uint)(q[i] >> 4) << i;
        BinaryPrimitives.WriteUInt32LittleEndian(block, high);
        for (int i = 0; i < 16; i++)
            block[4 + i] = (byte)((q[i] & 15) | ((q[i + 16] & 15) << 4));
    }
}
