using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.Backends.Blas;

/// <summary>Row-major matrix products in float32 and float64: chooses the kernel for the processor and the shape.</summary>
internal static unsafe class Gemm
{
    /// <summary>c[m, n] (+)= op(a)[m, k] op(b)[k, n].</summary>
    public static void Multiply<T>(
        ThreadTeam team,
        int m,
        int n,
        int k,
        T* a,
        nint strideA,
        bool transposeA,
        T* b,
        nint strideB,
        bool transposeB,
        T* c,
        nint strideC,
        bool accumulate
    )
        where T : unmanaged =>
        Run(
            team,
            new ProductShape<T>(m, n, k, c, strideC, accumulate),
            new Operand<T>(a, strideA, transposeA),
            new Operand<T>(b, strideB, !transposeB)
        );

    /// <summary>c[m, n] −= op(a)[m, k] op(b)[k, n].</summary>
    public static void Subtract<T>(
        ThreadTeam team,
        int m,
        int n,
        int k,
        T* a,
        nint strideA,
        bool transposeA,
        T* b,
        nint strideB,
        bool transposeB,
        T* c,
        nint strideC
    )
        where T : unmanaged =>
        Run(
            team,
            new ProductShape<T>(m, n, k, c, strideC, true),
            new Operand<T>(a, strideA, transposeA) { IsNegated = true },
            new Operand<T>(b, strideB, !transposeB)
        );

    /// <summary>The product of two operands, the second of which may be a stored weight.</summary>
    public static void Run<T>(ThreadTeam team, in ProductShape<T> shape, in Operand<T> a, in Operand<T> b)
        where T : unmanaged
    {
        if (shape.M == 0 || shape.N == 0)
            return;
        if (shape.K == 0)
        {
            if (!shape.Accumulate)
                for (int i = 0; i < shape.M; i++)
                    new Span<T>(shape.C + i * shape.Stride, shape.N).Clear();
            return;
        }
        switch (InstructionSets.Active)
        {
            case InstructionSet.Avx512:
                BlockedProduct<T, Avx512Kernel<T>>.Run(team, shape, a, b);
                break;
            case InstructionSet.Avx2:
                BlockedProduct<T, Avx2Kernel<T>>.Run(team, shape, a, b);
                break;
            default:
                BlockedProduct<T, PortableKernel<T>>.Run(team, shape, a, b);
                break;
        }
    }
}
