namespace SvdSurgeon.Tensors;

/// <summary>
/// GGUF's block types in plain loops, as their definition reads: the twin that <see cref="BlockWidening"/> is tested against.
/// </summary>
internal static unsafe class ScalarBlockWidening
{
    /// <summary>Indices of IQ4_NL and IQ4_XS stand for these.</summary>
    public static ReadOnlySpan<sbyte> Iq4Values => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    public static void ToSingle(DType type, byte* source, Span<float> destination)
    {
        var (numbers, bytes) = type.Block();
        for (int i = 0; i < destination.Length; i += numbers, source += bytes)
        {
            var y = destination.Slice(i, numbers);
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

    /// <summary>The binary16 at <paramref name="p"/>.</summary>
    public static float Scale(byte* p) => HalfBits.Widen(*(short*)p);

    /// <summary>6-bit scale and minimum j (0…7) of Q4_K and Q5_K, packed into 12 bytes.</summary>
    public static (int Scale, int Minimum) ScaleAndMinimum(byte* s, int j) =>
        j < 4 ? (s[j] & 63, s[j + 4] & 63) : ((s[j + 4] & 15) | (s[j - 4] >> 6 << 4), (s[j + 4] >> 4) | (s[j] >> 6 << 4));

    /// <summary>6-bit scale j (0…15) of Q3_K, packed into 12 bytes: 4 low bits in the first 8, 2 high bits in the last 4.</summary>
    public static int Q3Scale(byte* s, int j) => ((s[j % 8] >> (j / 8 * 4)) & 15) | (((s[8 + j % 4] >> (j / 4 * 2)) & 3) << 4);

    /// <summary>6-bit scale j (0…7) of IQ4_XS.</summary>
    public static int Iq4Scale(byte* block, int j) =>
        ((block[4 + j / 2] >> (j % 2 * 4)) & 15) | (((*(ushort*)(block + 2) >> (2 * j)) & 3) << 4);

    private static void Q8_0(byte* s, Span<float> y)
    {
        float d = Scale(s);
        for (int i = 0; i < 32; i++)
            y[i] = d * (sbyte)s[2 + i];
    }

    private static void Nibbles(byte* q, Span<float> y, float d, float m)
    {
        for (int i = 0; i < 16; i++)
        {
            y[i] = d * (q[i] & 15) + m;
            y[i + 16] = d * (q[i] >> 4) + m;
        }
    }

    private static void FiveBits(byte* s, Span<float> y, float d, float m)
    {
        uint high = *(uint*)s;
        byte* q = s + 4;
        for (int i = 0; i < 16; i++)
        {
            y[i] = d * ((uint)(q[i] & 15) | (((high >> i) & 1) << 4)) + m;
            y[i + 16] = d * ((uint)(q[i] >> 4) | (((high >> (i + 16)) & 1) << 4)) + m;
        }
    }

    private static void Q2_0(byte* s, Span<float> y)
    {
        float d = Scale(s);
        for (int i = 0; i < 64; i++)
            y[i] = d * (((s[2 + i / 4] >> (i % 4 * 2)) & 3) - 1);
    }

    private static void Q2_K(byte* s, Span<float> y)
    {
        byte* q = s + 16;
        float d = Scale(s + 80),
            minimum = Scale(s + 82);
        for (int i = 0; i < 256; i++)
        {
            byte scale = s[i / 16];
            int bits = (q[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2)) & 3;
            y[i] = d * (scale & 15) * bits - minimum * (scale >> 4);
        }
    }

    private static void Q3_K(byte* s, Span<float> y)
    {
        byte* high = s,
            q = s + 32,
            scales = s + 96;
        float d = Scale(s + 108);
        for (int i = 0; i < 256; i++)
        {
            int bits = (q[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2)) & 3;
            if (((high[i % 32] >> (i / 32)) & 1) == 0)
                bits -= 4;
            y[i] = d * (Q3Scale(scales, i / 16) - 32) * bits;
        }
    }

    private static void Q4_K(byte* s, Span<float> y)
    {
        float d = Scale(s),
            minimum = Scale(s + 2);
        for (int i = 0; i < 256; i++)
        {
            var (scale, min) = ScaleAndMinimum(s + 4, i / 32);
            int bits = (s[16 + i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4)) & 15;
            y[i] = d * scale * bits - minimum * min;
        }
    }

    private static void Q5_K(byte* s, Span<float> y)
    {
        float d = Scale(s),
            minimum = Scale(s + 2);
        for (int i = 0; i < 256; i++)
        {
            var (scale, min) = ScaleAndMinimum(s + 4, i / 32);
            int bits = ((s[48 + i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4)) & 15) | (((s[16 + i % 32] >> (i / 32)) & 1) << 4);
            y[i] = d * scale * bits - minimum * min;
        }
    }

    private static void Q6_K(byte* s, Span<float> y)
    {
        byte* low = s,
            high = s + 128,
            scales = s + 192;
        float d = Scale(s + 208);
        for (int i = 0; i < 256; i++)
        {
            int half = i / 128,
                quarter = i / 32 % 4;
            int bits =
                ((low[half * 64 + quarter % 2 * 32 + i % 32] >> (quarter / 2 * 4)) & 15)
                | (((high[half * 32 + i % 32] >> (quarter * 2)) & 3) << 4);
            y[i] = d * (sbyte)scales[i / 16] * (bits - 32);
        }
    }

    private static void Iq4(byte* q, Span<float> y, float d)
    {
        for (int i = 0; i < 16; i++)
        {
            y[i] = d * Iq4Values[q[i] & 15];
            y[i + 16] = d * Iq4Values[q[i] >> 4];
        }
    }

    private static void IQ4_XS(byte* s, Span<float> y)
    {
        float d = Scale(s);
        for (int j = 0; j < 8; j++)
            Iq4(s + 8 + 16 * j, y.Slice(32 * j, 32), d * (Iq4Scale(s, j) - 32));
    }
}
