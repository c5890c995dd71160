using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

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

/// <summary>Which of them products use.</summary>
internal static class InstructionSets
{
    /// <summary>The widest that this processor has and the runtime allows.</summary>
    public static InstructionSet Best { get; } =
        Avx512F.IsSupported && Vector512.IsHardwareAccelerated ? InstructionSet.Avx512
        : Avx2.IsSupported && Fma.IsSupported ? InstructionSet.Avx2
        : InstructionSet.Portable;

    /// <summary>In use; tests set it to run every path in one process.</summary>
    public static InstructionSet Active { get; set; } = Best;
}
