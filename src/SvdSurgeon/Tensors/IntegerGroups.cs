using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SvdSurgeon.Tensors;

/// <summary>
/// How a matrix of small integers is stored: element i of a row at bit i·b of its packed words, as q + 2^(b−1), and a scale per group of
/// columns; W = q·scale. The layout "pack-quantized" of the compressed-tensors format, symmetric.
/// </summary>
/// <param name="bits">b, 1 to 8.</param>
/// <param name="groupSize">Columns that share a scale, a multiple of 8 or the whole row; the last group may be shorter.</param>
/// <param name="scales">Scales, rows × ⌈columns / groupSize⌉.</param>
internal sealed unsafe class IntegerGroups(int bits, int groupSize, StoredTensor scales)
{
    private const int AtOnce = 8; // numbers that fill b whole bytes

    // The lowest b bits of every byte: where the numbers of b bytes are put.
    private readonly ulong _places = 0x0101010101010101UL * ((1UL << bits) - 1);

    /// <summary>Bits per number.</summary>
    public int Bits { get; } = bits;

    /// <summary>Columns that share a scale.</summary>
    public int GroupSize { get; } = groupSize;

    /// <summary>Scales, rows × groups.</summary>
    public StoredTensor Scales { get; } = scales;

    /// <summary>Numbers from −2^(b−1) to 2^(b−1) − 1.</summary>
    public static (int Least, int Most) Range(int bits) => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1);

    /// <summary>32-bit words of a row of <paramref name="columns"/> numbers.</summary>
    public static long Words(long columns, int bits) => (columns * bits + 31) / 32;

    /// <summary>Packs a row.</summary>
    /// <param name="numbers">Numbers within <see cref="Range"/>.</param>
    /// <param name="bits">b.</param>
    /// <param name="words">Receives ⌈numbers·b/32⌉ words; bits after the last number are 0.</param>
    public static void Pack(ReadOnlySpan<sbyte> numbers, int bits, Span<uint> words)
    {
        words.Clear();
        int offset = 1 << (bits - 1);
        for (int i = 0; i < numbers.Length; i++)
        {
            int at = i * bits;
            ulong placed = (ulong)(uint)(numbers[i] + offset) << (at & 31);
            words[at >> 5] |= (uint)placed;
            if (placed >> 32 != 0)
                words[(at >> 5) + 1] |= (uint)(placed >> 32);
        }
    }

    /// <summary>Widens a part of a row.</summary>
    /// <param name="row">Stored row, of the words and of the scales; below 0 for the integers alone.</param>
    /// <param name="words">The row's first byte.</param>
    /// <param name="bytes">Bytes of the row, none of which beyond is read.</param>
    /// <param name="column">First column, a multiple of 8.</param>
    /// <param name="destination">Receives the numbers.</param>
    public void Widen(int row, byte* words, long bytes, int column, Span<float> destination)
    {
        if (column % AtOnce != 0)
            throw new ArgumentException($"A part of a packed row begins at a multiple of {AtOnce}, not at {column}.", nameof(column));
        byte* end = words + bytes;
        int group = -1;
        float scale = 1;
        fixed (float* to = destination)
            for (int i = 0; i < destination.Length; i += AtOnce)
            {
                if (row >= 0 && (column + i) / GroupSize != group)
                {
                    group = (column + i) / GroupSize;
                    Scales.WidenRow(row, group, new Span<float>(ref scale));
                }
                ulong spread = Spread(Load(words + (column + i) / AtOnce * Bits, words, end));
                if (destination.Length - i >= AtOnce)
                    Put(to + i, spread, scale);
                else
                    for (int j = i; j < destination.Length; j++)
                        to[j] = scale * ((int)((spread >> (8 * (j - i))) & 0xFF) - (1 << (Bits - 1)));
            }
    }

    // Eight bytes from p on as far as they are the row's; those behind it read as 0.
    private static ulong Load(byte* p, byte* start, byte* end)
    {
        long left = end - p;
        if (left >= 8)
            return Unsafe.ReadUnaligned<ulong>(p);
        if (end - start >= 8)
            return Unsafe.ReadUnaligned<ulong>(end - 8) >> (int)(8 * (8 - left));
        ulong value = 0;
        for (int i = 0; i < left; i++)
            value |= (ulong)p[i] << (8 * i);
        return value;
    }

    // The lowest eight numbers of b bits, a byte each.
    private ulong Spread(ulong packed)
    {
        if (Bmi2.X64.IsSupported)
            return Bmi2.X64.ParallelBitDeposit(packed, _places);
        ulong spread = 0;
        for (int i = 0; i < AtOnce; i++)
            spread |= (packed >> (i * Bits) & ((1UL << Bits) - 1)) << (8 * i);
        return spread;
    }

    // to[0…7] = scale · (byte − 2^(b−1)); exact where the scale has at most 16 significant bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put(float* to, ulong spread, float scale)
    {
        var (words, _) = Vector128.Widen(Vector128.CreateScalar(spread).AsByte());
        var numbers = words.AsInt16() - Vector128.Create((short)(1 << (Bits - 1)));
        var (low, high) = Vector128.Widen(numbers);
        (Vector128.ConvertToSingle(low) * scale).Store(to);
        (Vector128.ConvertToSingle(high) * scale).Store(to + 4);
    }
}
