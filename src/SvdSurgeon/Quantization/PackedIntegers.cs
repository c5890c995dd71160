namespace SvdSurgeon.Quantization;

/// <summary>
/// Integers of b bits as compressed-tensors' format "pack-quantized" lays them out: element i of a row starts at bit i·b of the row's
/// 32-bit words, lowest bits first,
/// across word borders, and stands for q + 2^(b−1).
/// </summary>
internal static class PackedIntegers
{
    /// <summary>Packs a matrix of integers.</summary>
    /// <returns>m × ⌈n·b/32⌉ words.</returns>
    public static int[] Pack(ReadOnlySpan<sbyte> codes, int rows, int columns, int bits)
    {
        int words = new IntegerGrid(bits, 1).WordsPerRow(columns),
            offset = 1 << (bits - 1);
        var packed = new int[checked(rows * words)];
        for (int i = 0; i < rows; i++)
        {
            ulong waiting = 0;
            int held = 0,
                word = i * words;
            foreach (sbyte q in codes.Slice(i * columns, columns))
            {
                waiting |= (ulong)(q + offset) << held;
                if ((held += bits) < 32)
                    continue;
                packed[word++] = (int)waiting;
                waiting >>= 32;
                held -= 32;
            }
            if (held > 0)
                packed[word] = (int)waiting;
        }
        return packed;
    }

    /// <summary>The integers again.</summary>
    public static void Unpack(ReadOnlySpan<int> packed, int rows, int columns, int bits, Span<sbyte> codes)
    {
        int words = new IntegerGrid(bits, 1).WordsPerRow(columns),
            offset = 1 << (bits - 1),
            mask = (1 << bits) - 1;
        for (int i = 0; i < rows; i++)
        {
            ulong waiting = 0;
            int held = 0,
                word = i * words;
            for (int j = 0; j < columns; j++)
            {
                if (held < bits)
                {
                    waiting |= (ulong)(uint)packed[word++] << held;
                    held += 32;
                }
                codes[i * columns + j] = (sbyte)(((int)waiting & mask) - offset);
                waiting >>= bits;
                held -= bits;
            }
        }
    }
}
