namespace SvdSurgeon.Tensors;

/// <summary>How the numbers of a stored tensor are laid out: plain numbers, or GGUF blocks that share scales along a row.</summary>
public enum DType
{
    /// <summary>IEEE binary64.</summary>
    F64,
    /// <summary>IEEE binary32.</summary>
    F32,
    /// <summary>IEEE binary16.</summary>
    F16,
    /// <summary>The upper half of a binary32.</summary>
    BF16,
    /// <summary>Signed 64-bit integer.</summary>
    I64,
    /// <summary>Signed 32-bit integer.</summary>
    I32,
    /// <summary>Signed byte.</summary>
    I8,
    /// <summary>Unsigned byte.</summary>
    U8,
    /// <summary>One byte, 0 or 1.</summary>
    Bool,
    /// <summary>GGUF block of 32: fp16 scale, 32 signed bytes.</summary>
    Q8_0,
    /// <summary>GGUF block of 32: fp16 scale, 32 nibbles minus 8.</summary>
    Q4_0,
    /// <summary>GGUF block of 32: fp16 scale and minimum, 32 nibbles.</summary>
    Q4_1,
    /// <summary>GGUF block of 32: fp16 scale, 32 five-bit values minus 16.</summary>
    Q5_0,
    /// <summary>GGUF block of 32: fp16 scale and minimum, 32 five-bit values.</summary>
    Q5_1,
    /// <summary>GGUF super-block of 256, 2 bits.</summary>
    Q2_K,
    /// <summary>GGUF super-block of 256, 3 bits.</summary>
    Q3_K,
    /// <summary>GGUF super-block of 256, 4 bits.</summary>
    Q4_K,
    /// <summary>GGUF super-block of 256, 5 bits.</summary>
    Q5_K,
    /// <summary>GGUF super-block of 256, 6 bits.</summary>
    Q6_K,
    /// <summary>GGUF block of 32, 4-bit indices into a table.</summary>
    IQ4_NL,
    /// <summary>GGUF super-block of 256, 4-bit indices into a table.</summary>
    IQ4_XS,
}

/// <summary>Sizes of the storage types.</summary>
public static class DTypes
{
    /// <summary>Numbers a block (1 for plain types) and bytes a block.</summary>
    public static (int Numbers, int Bytes) Block(this DType type) => type switch
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
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>True for F64, F32, F16 and BF16.</summary>
    public static bool IsFloat(this DType type) => type is DType.F64 or DType.F32 or DType.F16 or DType.BF16;

    /// <summary>True for the GGUF block types.</summary>
    public static bool IsQuantized(this DType type) => type >= DType.Q8_0;

    /// <summary>Bytes of <paramref name="count"/> numbers; a row of a block type holds whole blocks.</summary>
    public static long ByteCount(this DType type, long count)
    {
        var (numbers, bytes) = type.Block();
        return count / numbers * bytes;
    }
}
