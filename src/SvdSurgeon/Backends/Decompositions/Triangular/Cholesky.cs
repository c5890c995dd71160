using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Decompositions.Triangular;

/// <summary>
/// a = L Lᵀ, a large matrix by halves: then all but the panels of the last halves is one triangular solve and one product each.
/// </summary>
internal static unsafe class Cholesky
{
    // Rows that are held in panels: beyond these they would not stay in the caches.
    private const int Block = 2048;

    /// <summary>False when a pivot is not positive (or not a number).</summary>
    public static bool TryFactor(ThreadTeam team, Matrix a, out Matrix lower) =>
        TryFactor(team, a, lower = Matrix.Uninitialized(a.Rows, a.Rows));

    /// <summary>The same into a matrix of a's size, which may hold part of the factor when there is none.</summary>
    public static bool TryFactor(ThreadTeam team, Matrix a, Matrix lower)
    {
        int n = a.Rows;
        fixed (
            double* l = lower.Data,
                source = a.Data
        )
        {
            if (n <= Block)
                return FactorBlock(team, source, n, n, l);
            for (int i = 0; i < n; i++)
            {
                a.Row(i)[..(i + 1)].CopyTo(lower.Row(i));
                lower.Row(i)[(i + 1)..].Clear();
            }
            return FactorInPlace(team, l, n, n);
        }
    }

    private static bool FactorInPlace(ThreadTeam team, double* a, nint stride, int n)
    {
        if (n <= Block)
            return FactorBlock(team, a, stride, n, a);
        int half = n / 2,
            rest = n - half;
        double* below = a + half * stride;
        if (!FactorInPlace(team, a, stride, half))
            return false;
        new TriangularSolve(team, a, stride, half).Right(below, stride, rest, transpose: true);
        Subtract(team, below, rest, half, stride);
        return FactorInPlace(team, below + half, stride, rest);
    }

    private static bool FactorBlock(ThreadTeam team, double* a, nint stride, int n, double* lower) =>
        InstructionSets.Active switch
        {
            InstructionSet.Avx512 => PanelCholesky<Avx512Kernel<double>>.TryFactor(team, a, stride, n, lower),
            InstructionSet.Avx2 => PanelCholesky<Avx2Kernel<double>>.TryFactor(team, a, stride, n, lower),
            _ => PanelCholesky<PortableKernel<double>>.TryFactor(team, a, stride, n, lower),
        };

    // The lower triangle right of the panel −= panel panelᵀ.
    private static void Subtract(ThreadTeam team, double* panel, int rows, int width, nint stride)
    {
        var operand = new Operand<double>(panel, stride, rowsAlongK: false);
        Gemm.Run(
            team,
            new ProductShape<double>(rows, rows, width, panel + width, stride, true) { Diagonal = 0 },
            operand with
            {
                IsNegated = true,
            },
            operand
        );
    }
}
