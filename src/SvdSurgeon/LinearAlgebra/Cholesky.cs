using System.Runtime.Intrinsics;
using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>a = L Lᵀ by halves: almost all of the work is products, most of them large.</summary>
internal static unsafe class Cholesky
{
    private const int Block = 64, Lanes = 4, Width = 4 * Lanes;

    /// <summary>False when a pivot is not positive (or not a number).</summary>
    public static bool TryFactor(ThreadTeam team, Matrix a, out Matrix lower)
    {
        int n = a.Rows;
        lower = new Matrix(n, n, GC.AllocateUninitializedArray<double>(n * n));
        for (int i = 0; i < n; i++) a.Row(i)[..(i + 1)].CopyTo(lower.Row(i));
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

    // As Lᵀ, whose rows are contiguous: row i is that of a less multiples of the rows above it, over the root of its pivot.
    private static bool FactorCorner(double* corner, nint stride, int n)
    {
        double* upper = stackalloc double[Block * Block];
        Packing.Transpose(corner, stride, n, n, Block, upper);
        for (int i = 0; i < n; i++)
        {
            double* row = upper + i * Block;
            Reduce(upper, row, i, n);
            double pivot = row[i];
            if (!(pivot > 0) || !double.IsFinite(pivot)) return false;
            double root = Math.Sqrt(pivot);
            row[i] = root;
            for (int j = i + 1; j < n; j++) row[j] /= root;
        }
        Packing.Transpose(upper, Block, n, n, corner, stride);
        return true;
    }

    // Row i less u[k, i] times the rows k above it, from column i on; what lies left of it in its vectors is not read again.
    private static void Reduce(double* upper, double* row, int i, int n)
    {
        for (int j = i / Width * Width; j < n; j += Width)
        {
            double* at = row + j, above = upper + j;
            var a = Vector256.Load(at);
            var b = Vector256.Load(at + Lanes);
            var c = Vector256.Load(at + 2 * Lanes);
            var d = Vector256.Load(at + 3 * Lanes);
            for (int k = 0; k < i; k++, above += Block)
            {
                var factor = Vector256.Create(-upper[k * Block + i]);
                a = Vector256.MultiplyAddEstimate(factor, Vector256.Load(above), a);
                b = Vector256.MultiplyAddEstimate(factor, Vector256.Load(above + Lanes), b);
                c = Vector256.MultiplyAddEstimate(factor, Vector256.Load(above + 2 * Lanes), c);
                d = Vector256.MultiplyAddEstimate(factor, Vector256.Load(above + 3 * Lanes), d);
            }
            Vector256.Store(a, at);
            Vector256.Store(b, at + Lanes);
            Vector256.Store(c, at + 2 * Lanes);
            Vector256.Store(d, at + 3 * Lanes);
        }
    }
}
