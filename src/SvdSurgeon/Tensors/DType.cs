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

    /// <summary>GGUF block of 64: fp16 scale, 64 two-bit values minus 1. New in 2026; older readers refuse it.</summary>
    Q2_0,

    /// <summary>Packed integers of 1 bit, with a scale per group of columns in a tensor of its own (compressed-tensors).</summary>
    Int1,

    /// <summary>Packed integers of 2 bits, with a scale per group of columns in a tensor of its own (compressed-tensors).</summary>
    Int2,

    /// <summary>Packed integers of 3 bits, with a scale per group of columns in a tensor of its own (compressed-tensors).</summary>
    Int3,

    /// <summary>Packed integers of 4 bits, with a scale per group of columns in a tensor of its own (compressed-tensors).</summary>
    Int4,

    /// <summary>Packed integers of 5 bits, with a scale per group of columns in a tensor of its own (compressed-tensors).</summary>
    Int5,

    /// <summary>Packed integers of 6 bits, with a scale per group of columns in a tensor of its own (compressed-tensors).</summary>
    Int6,

    /// <summary>Packed integers of 7 bits, with a scale per group of columns in a tensor of its own (compressed-tensors).</summary>
    Int7,

    /// <summary>Packed integers of 8 bits, with a scale per group of columns in a tensor of its own (compressed-tensors).</summary>
    Int8,
}
