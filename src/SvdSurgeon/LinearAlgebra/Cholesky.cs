using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>a = L Lᵀ by halves: almost all of the work is products, most of them large.</summary>
internal static unsafe class Cholesky
{
    private const int Block = 32;

    /// <summary>False when a pivot is not positive (or not a number).</summary>
    public static bool TryFactor(ThreadTeam team, Matrix a, out Matrix lower)
    {
        int n = a.Rows;
        lower = a.Clone();
        fixed (double* l = lower.Data)
            if (!Factor(team, l, n, n)) return false;
        for (int i = 0; i < n; i++) lower.Row(i)[(i + 1)..].Clear();
        return true;
    }

    private static bool Factor(ThreadTeam team, double* a, nint stride, int n)
    {
        if (n <= Block) return FactorCorner(a, stride, n);
        int half = (n / 2 + Block - 1) / Block * Block, rest = n - half;
        double* below = a + half * stride;
        if (!Factor(team, a, stride, half)) return false;
        new TriangularSolve(team, a, stride, half).Right(below, stride, rest, transpose: true);
        Subtract(team, below, rest, half, stride);
        return Factor(team, below + half, stride, rest);
    }

    // The lower triangle right of the panel −= panel panelᵀ.
    private static void Subtract(ThreadTeam team, double* panel, int rows, int width, nint stride)
    {
        var operand = new Operand<double>(panel, stride, rowsAlongK: false);
        Gemm.Run(team, new ProductShape<double>(rows, rows, width, panel + width, stride, true) { Diagonal = 0 }, operand with { IsNegated = true }, operand);
    }

    private static bool FactorCorner(double* corner, nint stride, int n)
    {
        for (int i = 0; i < n; i++)
        {
            double* row = corner + i * stride;
            SubstituteRow(row, corner, i, stride);
            double rest = row[i] - Vectors.Dot(row, row, i);
            if (!(rest > 0) || !double.IsFinite(rest)) return false;
            row[i] = Math.Sqrt(rest);
        }
        return true;
    }

    // x ← x L⁻ᵀ for the leading L.
    private static void SubstituteRow(double* x, double* l, int width, nint stride)
    {
        for (int j = 0; j < width; j++) x[j] = (x[j] - Vectors.Dot(x, l + j * stride, j)) / l[j * stride + j];
    }
}
