namespace SvdSurgeon.Kernels;

/// <summary>Storage types as kernels take them: the numbers of the library's DType (a test holds them together).</summary>
public static class StorageTypes
{
    /// <summary>IEEE binary64.</summary>
    public const int F64 = 0;

    /// <summary>IEEE binary32.</summary>
    public const int F32 = 1;

    /// <summary>IEEE binary16.</summary>
    public const int F16 = 2;

    /// <summary>Upper half of a binary32.</summary>
    public const int BF16 = 3;

    /// <summary>GGUF block of 32, 34 bytes.</summary>
    public const int Q8_0 = 9;

    /// <summary>GGUF block of 32, 18 bytes.</summary>
    public const int Q4_0 = 10;

    /// <summary>GGUF block of 32, 20 bytes.</summary>
    public const int Q4_1 = 11;

    /// <summary>GGUF block of 32, 22 bytes.</summary>
    public const int Q5_0 = 12;

    /// <summary>GGUF block of 32, 24 bytes.</summary>
    public const int Q5_1 = 13;

    /// <summary>GGUF super-block of 256, 84 bytes.</summary>
    public const int Q2_K = 14;

    /// <summary>GGUF super-block of 256, 110 bytes.</summary>
    public const int Q3_K = 15;

    /// <summary>GGUF super-block of 256, 144 bytes.</summary>
    public const int Q4_K = 16;

    /// <summary>GGUF super-block of 256, 176 bytes.</summary>
    public const int Q5_K = 17;

    /// <summary>GGUF super-block of 256, 210 bytes.</summary>
    public const int Q6_K = 18;

    /// <summary>GGUF block of 32, 18 bytes.</summary>
    public const int IQ4_NL = 19;

    /// <summary>GGUF super-block of 256, 136 bytes.</summary>
    public const int IQ4_XS = 20;
}
