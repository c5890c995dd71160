namespace SvdSurgeon.Backends.Blas;

/// <summary>The vector instructions that products are written for.</summary>
internal enum InstructionSet
{
    /// <summary>128-bit vectors: AdvSimd on ARM64, SSE on x64.</summary>
    Portable,

    /// <summary>AVX2 with fused multiply-add.</summary>
    Avx2,

    /// <summary>AVX-512F.</summary>
    Avx512,
}
