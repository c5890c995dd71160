using System.Runtime.CompilerServices;
using ILGPU;

namespace SvdSurgeon.Kernels;

/// <summary>
/// One number out of a stored row of any type: plain, or a GGUF block type, whose blocks share scales. Each thread decodes its own number;
/// the scales come from cache. The type is the same for all threads of a launch, so the switch costs nothing.
/// </summary>
internal static class BlockFormats
{
    /// <summary>Number <paramref name="i"/> of the row that starts at byte <paramref name="row"/>.</summary>
    public static float Read(ArrayView<byte> data, int type, long row, int i)
    {
        switch (type)
        {
            case StorageTypes.F32:
                return data.Cast<float>()[row / 4 + i];
            case StorageTypes.F64:
                return (float)data.Cast<double>()[row / 8 + i];
            case StorageTypes.F16:
                return SixteenBit.FromHalf(data.Cast<ushort>()[row / 2 + i]);
            case StorageTypes.BF16:
                return SixteenBit.FromBf16(data.Cast<ushort>()[row / 2 + i]);
            case StorageTypes.Q8_0:
            {
                long b = row + i / 32 * 34L;
                return Half(data, b) * (sbyte)data[b + 2 + i % 32];
            }
            case StorageTypes.Q4_0:
            {
                long b = row + i / 32 * 18L;
                return Half(data, b) * (Nibble(data, b + 2, i % 32) - 8);
            }
            case StorageTypes.Q4_1:
            {
                long b = row + i / 32 * 20L;
                return Half(data, b) * Nibble(data, b + 4, i % 32) + Half(data, b + 2);
            }
            case StorageTypes.Q5_0:
            {
                long b = row + i / 32 * 22L;
                return Half(data, b) * (FiveBits(data, b + 2, i % 32) - 16);
            }
            case StorageTypes.Q5_1:
            {
                long b = row + i / 32 * 24L;
                return Half(data, b) * FiveBits(data, b + 4, i % 32) + Half(data, b + 2);
            }
            case StorageTypes.Q2_K:
                return Q2(data, row + i / 256 * 84L, i % 256);
            case StorageTypes.Q3_K:
                return Q3(data, row + i / 256 * 110L, i % 256);
            case StorageTypes.Q4_K:
                return Q4(data, row + i / 256 * 144L, i % 256);
            case StorageTypes.Q5_K:
                return Q5(data, row + i / 256 * 176L, i % 256);
            case StorageTypes.Q6_K:
                return Q6(data, row + i / 256 * 210L, i % 256);
            case StorageTypes.IQ4_NL:
            {
                long b = row + i / 32 * 18L;
                return Half(data, b) * NonLinear(Nibble(data, b + 2, i % 32));
            }
            case StorageTypes.IQ4_XS:
                return Iq4Xs(data, row + i / 256 * 136L, i % 256);
            default:
                return float.NaN;
        }
    }

    private static float Half(ArrayView<byte> data, long at) => SixteenBit.FromHalf(data[at] | ((uint)data[at + 1] << 8));

    // 16 bytes: numbers 0–15 in the low nibbles, 16–31 in the high ones.
    private static int Nibble(ArrayView<byte> data, long at, int i) => (data[at + i % 16] >> (i / 16 * 4)) & 15;

    // 4 bytes with the fifth bits, then the nibbles.
    private static int FiveBits(ArrayView<byte> data, long at, int i) =>
        Nibble(data, at + 4, i) | (((data[at + i / 8] >> (i % 8)) & 1) << 4);

    // 16 scale bytes (scale | minimum « 4), 64 bytes of 2-bit numbers, d, dmin.
    private static float Q2(ArrayView<byte> data, long b, int e)
    {
        int half = e / 128,
            quarter = e % 128 / 32,
            l = e % 32;
        int scale = data[b + half * 8 + quarter * 2 + l / 16];
        int q = (data[b + 16 + half * 32 + l] >> (quarter * 2)) & 3;
        return Half(data, b + 80) * (scale & 15) * q - Half(data, b + 82) * (scale >> 4);
    }

    // 32 bytes with the inverted third bits, 64 bytes of 2-bit numbers, 12 bytes of 6-bit scales, d.
    private static float Q3(ArrayView<byte> data, long b, int e)
    {
        int half = e / 128,
            quarter = e % 128 / 32,
            l = e % 32,
            s = half * 8 + quarter * 2 + l / 16;
        int low = (data[b + 96 + s % 8] >> (s / 8 * 4)) & 15;
        int high = (data[b + 104 + s % 4] >> (s / 4 * 2)) & 3;
        int q = (data[b + 32 + half * 32 + l] >> (quarter * 2)) & 3;
        q -= ((data[b + l] >> (half * 4 + quarter)) & 1) == 0 ? 4 : 0;
        return Half(data, b + 108) * ((low | (high << 4)) - 32) * q;
    }

    // d, dmin, 12 bytes of 6-bit scales and minima, 128 bytes of nibbles.
    private static float Q4(ArrayView<byte> data, long b, int e)
    {
        int s = e / 32,
            l = e % 32;
        int q = (data[b + 16 + s / 2 * 32 + l] >> (s % 2 * 4)) & 15;
        return Half(data, b) * Scale(data, b + 4, s) * q - Half(data, b + 2) * Minimum(data, b + 4, s);
    }

    // As Q4 with 32 bytes of fifth bits before the nibbles.
    private static float Q5(ArrayView<byte> data, long b, int e)
    {
        int s = e / 32,
            l = e % 32;
        int q = (data[b + 48 + s / 2 * 32 + l] >> (s % 2 * 4)) & 15;
        q |= ((data[b + 16 + l] >> s) & 1) << 4;
        return Half(data, b) * Scale(data, b + 4, s) * q - Half(data, b + 2) * Minimum(data, b + 4, s);
    }

    private static int Scale(ArrayView<byte> data, long at, int s) =>
        s < 4 ? data[at + s] & 63 : (data[at + s + 4] & 15) | (data[at + s - 4] >> 6 << 4);

    private static int Minimum(ArrayView<byte> data, long at, int s) =>
        s < 4 ? data[at + s + 4] & 63 : (data[at + s + 4] >> 4) | (data[at + s] >> 6 << 4);

    // 128 bytes of low nibbles, 64 bytes of upper bit pairs, 16 signed scales, d.
    private static float Q6(ArrayView<byte> data, long b, int e)
    {
        int half = e / 128,
            quarter = e % 128 / 32,
            l = e % 32;
        int low = (data[b + half * 64 + quarter % 2 * 32 + l] >> (quarter / 2 * 4)) & 15;
        int high = (data[b + 128 + half * 32 + l] >> (quarter * 2)) & 3;
        int scale = (sbyte)data[b + 192 + half * 8 + quarter * 2 + l / 16];
        return Half(data, b + 208) * scale * ((low | (high << 4)) - 32);
    }

    // d, 16 bits of upper scale pairs, 4 bytes of lower scale nibbles, 128 bytes of nibbles.
    private static float Iq4Xs(ArrayView<byte> data, long b, int e)
    {
        int s = e / 32;
        int low = (data[b + 4 + s / 2] >> (s % 2 * 4)) & 15;
        int high = ((data[b + 2] | (data[b + 3] << 8)) >> (s * 2)) & 3;
        return Half(data, b) * ((low | (high << 4)) - 32) * NonLinear(Nibble(data, b + 8 + s * 16, e % 32));
    }

    // The sixteen levels −127 −104 −83 −65 −49 −35 −22 −10 1 13 25 38 53 69 89 113, one byte each, because kernels have no constant arrays.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int NonLinear(int index)
    {
        ulong levels = index < 8 ? 0xF6EADDCFBFAD9881UL : 0x7159453526190D01UL;
        return (sbyte)(byte)(levels >> (index % 8 * 8));
    }
}
