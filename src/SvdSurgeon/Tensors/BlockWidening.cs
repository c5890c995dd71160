using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SvdSurgeon.Tensors;

/// <summary>GGUF's block types, 16 numbers at a time: every type is unpacked to small signed integers q, then y = d·q + m.</summary>
/// <remarks>
/// d·q is exact in float32 (at most 24 significant bits), so the sum is rounded once, fused or not: all paths give the same bits.
/// </remarks>
internal static unsafe class BlockWidening
{
    public static void ToSingle(DType type, byte* source, Span<float> destination)
    {
        var (numbers, bytes) = type.Block();
        if (destination.Length % numbers != 0)
            throw new ArgumentException($"{destination.Length} numbers are not whole blocks of {type}.", nameof(destination));
        fixed (float* start = destination)
        {
            float* y = start;
            int blocks = destination.Length / numbers;
            for (int i = 0; i < blocks; i++, source += bytes, y += numbers)
            {
                switch (type)
                {
                    case DType.Q8_0:
                        Q8_0(source, y);
                        break;
                    case DType.Q4_0:
                        Nibbles(source + 2, y, Scale(source), -8 * Scale(source));
                        break;
                    case DType.Q4_1:
                        Nibbles(source + 4, y, Scale(source), Scale(source + 2));
                        break;
                    case DType.Q5_0:
                        FiveBits(source + 2, y, Scale(source), -16 * Scale(source));
                        break;
                    case DType.Q5_1:
                        FiveBits(source + 4, y, Scale(source), Scale(source + 2));
                        break;
                    case DType.Q2_K:
                        Q2_K(source, y);
                        break;
                    case DType.Q3_K:
                        Q3_K(source, y);
                        break;
                    case DType.Q4_K:
                        Q4_K(source, y);
                        break;
                    case DType.Q5_K:
                        Q5_K(source, y);
                        break;
                    case DType.Q6_K:
                        Q6_K(source, y);
                        break;
                    case DType.IQ4_NL:
                        Iq4(source + 2, y, Scale(source));
                        break;
                    case DType.IQ4_XS:
                        IQ4_XS(source, y);
                        break;
                    case DType.Q2_0:
                        Q2_0(source, y);
                        break;
                    default:
                        throw new NotSupportedException($"{type} is no block type.");
                }
            }
        }
    }

    private static float Scale(byte* p) => ScalarBlockWidening.Scale(p);

    private static Vector128<byte> Low(Vector128<byte> q) => q & Vector128.Create((byte)15);

    private static Vector128<byte> High(Vector128<byte> q) => q >>> 4;

    // y[0…15] = d·q + m
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* y, Vector128<sbyte> q, float d, float m)
    {
        if (Avx512F.IsSupported)
        {
            var wide = Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(q));
            Vector512.FusedMultiplyAdd(wide, Vector512.Create(d), Vector512.Create(m)).Store(y);
        }
        else if (Avx2.IsSupported)
        {
            var low = Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(q));
            var high = Avx.ConvertToVector256Single(
                Avx2.ConvertToVector256Int32(Vector128.Shuffle(q.AsInt64(), Vector128.Create(1L, 1L)).AsSByte())
            );
            (low * Vector256.Create(d) + Vector256.Create(m)).Store(y);
            (high * Vector256.Create(d) + Vector256.Create(m)).Store(y + 8);
        }
        else
        {
            var (a, b) = Vector128.Widen(q);
            var (a0, a1) = Vector128.Widen(a);
            var (b0, b1) = Vector128.Widen(b);
            var (scale, shift) = (Vector128.Create(d), Vector128.Create(m));
            (Vector128.ConvertToSingle(a0) * scale + shift).Store(y);
            (Vector128.ConvertToSingle(a1) * scale + shift).Store(y + 4);
            (Vector128.ConvertToSingle(b0) * scale + shift).Store(y + 8);
            (Vector128.ConvertToSingle(b1) * scale + shift).Store(y + 12);
        }
    }

    private static void Q8_0(byte* s, float* y)
    {
        float d = Scale(s);
        Put(y, Vector128.Load((sbyte*)s + 2), d, 0);
        Put(y + 16, Vector128.Load((sbyte*)s + 18), d, 0);
    }

    private static void Nibbles(byte* s, float* y, float d, float m)
    {
        var q = Vector128.Load(s);
        Put(y, Low(q).AsSByte(), d, m);
        Put(y + 16, High(q).AsSByte(), d, m);
    }

    private static void FiveBits(byte* s, float* y, float d, float m)
    {
        uint high = *(uint*)s;
        var q = Vector128.Load(s + 4);
        Put(y, (Low(q) | Sixteens(high)).AsSByte(), d, m);
        Put(y + 16, (High(q) | Sixteens(high >> 16)).AsSByte(), d, m);
    }

    // byte i is 16 where bit i is set
    private static Vector128<byte> Sixteens(uint bits)
    {
        var spread = Vector128.ShuffleNative(
            Vector128.CreateScalar(bits).AsByte(),
            Vector128.Create(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, (byte)1)
        );
        var bit = Vector128.Create(1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, (byte)128);
        return Vector128.Equals(spread & bit, bit) & Vector128.Create((byte)16);
    }

    private static void Q2_0(byte* s, float* y)
    {
        // 16 numbers come from 4 bytes: each byte four times, its bits 0, 2, 4 and 6 brought to the same place by products with 64, 16, 4
        // and 1.
        var spread = Vector128.Create(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, (byte)3);
        var shifts = Vector128.Create(64, 16, 4, 1, 64, 16, 4, (ushort)1);
        var mask = Vector128.Create((ushort)3);
        float d = Scale(s);
        for (int j = 0; j < 4; j++)
        {
            var (low, high) = Vector128.Widen(Vector128.ShuffleNative(Vector128.CreateScalar(*(uint*)(s + 2 + 4 * j)).AsByte(), spread));
            var bits = Vector128.Narrow(((low * shifts) >>> 6) & mask, ((high * shifts) >>> 6) & mask);
            Put(y + 16 * j, bits.AsSByte() - Vector128<sbyte>.One, d, 0);
        }
    }

    private static void Q2_K(byte* s, float* y)
    {
        float d = Scale(s + 80),
            minimum = Scale(s + 82);
        for (int j = 0; j < 16; j++)
        {
            var q = Vector128.Load(s + 16 + j / 8 * 32 + j % 2 * 16);
            var bits = (q >>> (j / 2 % 4 * 2)) & Vector128.Create((byte)3);
            Put(y + 16 * j, bits.AsSByte(), d * (s[j] & 15), -minimum * (s[j] >> 4));
        }
    }

    private static void Q3_K(byte* s, float* y)
    {
        float d = Scale(s + 108);
        for (int j = 0; j < 16; j++)
        {
            var q = Vector128.Load(s + 32 + j / 8 * 32 + j % 2 * 16);
            var bits = (q >>> (j / 2 % 4 * 2)) & Vector128.Create((byte)3);
            var high = Vector128.Load(s + j % 2 * 16) & Vector128.Create((byte)(1 << (j / 2)));
            bits -= Vector128.Equals(high, Vector128<byte>.Zero) & Vector128.Create((byte)4);
            Put(y + 16 * j, bits.AsSByte(), d * (ScalarBlockWidening.Q3Scale(s + 96, j) - 32), 0);
        }
    }

    private static void Q4_K(byte* s, float* y)
    {
        float d = Scale(s),
            minimum = Scale(s + 2);
        for (int j = 0; j < 8; j++, y += 32)
        {
            var (scale, min) = ScalarBlockWidening.ScaleAndMinimum(s + 4, j);
            byte* q = s + 16 + j / 2 * 32;
            for (int i = 0; i < 32; i += 16)
            {
                var bits = Vector128.Load(q + i);
                Put(y + i, (j % 2 == 0 ? Low(bits) : High(bits)).AsSByte(), d * scale, -minimum * min);
            }
        }
    }

    private static void Q5_K(byte* s, float* y)
    {
        float d = Scale(s),
            minimum = Scale(s + 2);
        for (int j = 0; j < 8; j++, y += 32)
        {
            var (scale, min) = ScalarBlockWidening.ScaleAndMinimum(s + 4, j);
            byte* q = s + 48 + j / 2 * 32;
            for (int i = 0; i < 32; i += 16)
            {
                var bits = Vector128.Load(q + i);
                var high = ((Vector128.Load(s + 16 + i) >>> j) & Vector128<byte>.One) << 4;
                Put(y + i, ((j % 2 == 0 ? Low(bits) : High(bits)) | high).AsSByte(), d * scale, -minimum * min);
            }
        }
    }

    private static void Q6_K(byte* s, float* y)
    {
        sbyte* scales = (sbyte*)s + 192;
        float d = Scale(s + 208);
        for (int j = 0; j < 16; j++)
        {
            int half = j / 8,
                quarter = j / 2 % 4,
                offset = j % 2 * 16;
            var low = Vector128.Load(s + half * 64 + quarter % 2 * 32 + offset);
            var high = (Vector128.Load(s + 128 + half * 32 + offset) >>> (2 * quarter)) & Vector128.Create((byte)3);
            var bits = (quarter < 2 ? Low(low) : High(low)) | (high << 4);
            Put(y + 16 * j, bits.AsSByte() - Vector128.Create((sbyte)32), d * scales[j], 0);
        }
    }

    private static void Iq4(byte* s, float* y, float d)
    {
        var table = Vector128.Create(ScalarBlockWidening.Iq4Values);
        var q = Vector128.Load(s);
        Put(y, Vector128.ShuffleNative(table, Low(q).AsSByte()), d, 0);
        Put(y + 16, Vector128.ShuffleNative(table, High(q).AsSByte()), d, 0);
    }

    private static void IQ4_XS(byte* s, float* y)
    {
        float d = Scale(s);
        for (int j = 0; j < 8; j++)
            Iq4(s + 8 + 16 * j, y + 32 * j, d * (ScalarBlockWidening.Iq4Scale(s, j) - 32));
    }
}
