namespace SvdSurgeon.Tensors.Blocks;

/// <summary>Where the bits of a super-block's 256 numbers and of its scales lie.</summary>
internal static class PackedBits
{
    /// <summary>The two low bits of 256 numbers: in each half of 128, byte i has those of numbers i, i + 32, i + 64 and i + 96.</summary>
    public static void PutTwoBits(Span<byte> block, ReadOnlySpan<int> l)
    {
        for (int half = 0; half < 2; half++)
        for (int i = 0; i < 32; i++)
        {
            var q = l[(128 * half + i)..];
            block[32 * half + i] = (byte)((q[0] & 3) | ((q[32] & 3) << 2) | ((q[64] & 3) << 4) | ((q[96] & 3) << 6));
        }
    }

    /// <summary>The four low bits of 256 numbers: in each quarter of 64, byte i has those of numbers i and i + 32.</summary>
    public static void PutNibbles(Span<byte> block, ReadOnlySpan<int> l)
    {
        for (int quarter = 0; quarter < 4; quarter++)
        for (int i = 0; i < 32; i++)
            block[32 * quarter + i] = (byte)((l[64 * quarter + i] & 15) | ((l[64 * quarter + 32 + i] & 15) << 4));
    }

    /// <summary>6-bit scale and minimum j (0…7) into 12 cleared bytes; read by <see cref="ScalarBlockWidening.ScaleAndMinimum"/>.</summary>
    public static void PutScaleAndMinimum(Span<byte> packed, int j, int scale, int minimum)
    {
        if (j < 4)
        {
            packed[j] |= (byte)scale;
            packed[j + 4] |= (byte)minimum;
            return;
        }
        packed[j + 4] |= (byte)((scale & 15) | ((minimum & 15) << 4));
        packed[j - 4] |= (byte)(scale >> 4 << 6);
        packed[j] |= (byte)(minimum >> 4 << 6);
    }

    /// <summary>6-bit scale j (0…15) into 12 cleared bytes; read by <see cref="ScalarBlockWidening.Q3Scale"/>.</summary>
    public static void PutSixBits(Span<byte> packed, int j, int scale)
    {
        packed[j % 8] |= (byte)((scale & 15) << (j / 8 * 4));
        packed[8 + j % 4] |= (byte)(scale >> 4 << (j / 4 * 2));
    }
}
