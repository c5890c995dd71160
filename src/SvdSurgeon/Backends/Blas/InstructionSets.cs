using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SvdSurgeon.Backends.Blas;

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
