namespace SvdSurgeon.Tensors;

/// <summary>Sizes of the storage types.</summary>
internal static class DTypes
{
    /// <summary>Numbers a block (1 for plain types) and bytes a block.</summary>
    public static (int Numbers, int Bytes) Block(this DType type) =>
        type switch
        {
            DType.F64 or DType.I64 => (1, 8),
            DType.F32 or DType.I32 => (1, 4),
            DType.F16 or DType.BF16 => (1, 2),
            DType.I8 or DType.U8 or DType.Bool => (1, 1),
            DType.Q8_0 => (32, 34),
            DType.Q4_0 or DType.IQ4_NL => (32, 18),
            DType.Q4_1 => (32, 20),
            DType.Q5_0 => (32, 22),
            DType.Q5_1 => (32, 24),
            DType.Q2_K => (256, 84),
            DType.Q3_K => (256, 110),
            DType.Q4_K => (256, 144),
            DType.Q5_K => (256, 176),
            DType.Q6_K => (256, 210),
            DType.IQ4_XS => (256, 136),
            DType.Q2_0 => (64, 18),
            >= DType.Int1 and <= DType.Int8 => (32, 4 * type.IntegerBits()),
            _ => throw new ArgumentOutOfRangeException(nameof(type)),
        };

    /// <summary>True for F64, F32, F16 and BF16.</summary>
    public static bool IsFloat(this DType type) => type is DType.F64 or DType.F32 or DType.F16 or DType.BF16;

    /// <summary>The type of packed integers of so many bits, 1 to 8.</summary>
    internal static DType Integer(int bits) => DType.Int1 + (bits - 1);

    /// <summary>Bits of packed integers.</summary>
    internal static int IntegerBits(this DType type) => type - DType.Int1 + 1;

    /// <summary>True for packed integers, whose scales are a tensor of their own.</summary>
    internal static bool IsInteger(this DType type) => type is >= DType.Int1 and <= DType.Int8;

    /// <summary>True for the GGUF block types and for packed integers.</summary>
    public static bool IsQuantized(this DType type) => type >= DType.Q8_0;

    /// <summary>Bytes of <paramref name="count"/> numbers; a row of a block type holds whole blocks.</summary>
    public static long ByteCount(this DType type, long count)
    {
        var (numbers, bytes) = type.Block();
        return count / numbers * bytes;
    }
}
