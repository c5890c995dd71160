using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>op(L) X = B with many right-hand sides, by blocks of rows: substitution inside a block, products between blocks.</summary>
internal static unsafe class TriangularSolve
{
    private const int Block = 64, ColumnsAnItem = 128;

    public static Matrix Left(ThreadTeam team, Matrix lower, Matrix b, bool transpose)
    {
        int n = b.Rows, columns = b.Columns;
        for (int i = 0; i < n; i++)
            if (lower[i, i] == 0) throw new NumericalException($"The triangular matrix is singular: its diagonal element {i} is zero.");
        var x = b.Clone();
        // The products subtract, so they need −L.
        var negative = new Matrix(n, n);
        for (int i = 0; i < n; i++)
            for (int j = 0; j <= i; j++) negative.Data[i * n + j] = -lower.Data[i * n + j];
        int blocks = (n + Block - 1) / Block;
        fixed (double* px = x.Data, l = negative.Data)
            for (int step = 0; step < blocks; step++)
            {
                int first = (transpose ? blocks - 1 - step : step) * Block, height = Math.Min(Block, n - first);
                Substitute(team, l + (long)first * n + first, n, px + (long)first * columns, height, columns, transpose);
                if (transpose && first > 0)
                    Gemm.Multiply(team, first, columns, height, l + (long)first * n, n, true, px + (long)first * columns, columns, false, px, columns, true);
                int next = first + height;
                if (!transpose && next < n)
                    Gemm.Multiply(
                        team, n - next, columns, height, l + (long)next * n + first, n, false, px + (long)first * columns, columns, false, px + (long)next * columns, columns, true);
            }
        return x;
    }

    // Rows of X inside a diagonal block; strips of columns are independent.
    private static void Substitute(ThreadTeam team, double* negative, int n, double* x, int height, int columns, bool transpose)
    {
        nint pl = (nint)negative, px = (nint)x;
        team.Run((columns + ColumnsAnItem - 1) / ColumnsAnItem, item =>
        {
            double* l = (double*)pl, strip = (double*)px + item * ColumnsAnItem;
            int width = Math.Min(ColumnsAnItem, columns - item * ColumnsAnItem);
            for (int step = 0; step < height; step++)
            {
                int i = transpose ? height - 1 - step : step;
                double* xi = strip + (long)i * columns;
                for (int j = transpose ? i + 1 : 0; j < (transpose ? height : i); j++)
                    Vectors.AddScaled(transpose ? l[(long)j * n + i] : l[(long)i * n + j], strip + (long)j * columns, xi, width);
                double pivot = -l[(long)i * n + i];
                for (int c = 0; c < width; c++) xi[c] /= pivot;
            }
        });
    }
}
