using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>op(L) X = B with many right-hand sides, by blocks of rows: substitution inside a block, products between blocks.</summary>
internal static unsafe class TriangularSolve
{
    private const int Block = 64, StripsAnItem = 4;

    /// <summary>Checks a triangle and right-hand sides that are to be solved with it.</summary>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    /// <exception cref="NumericalException">The triangle is singular.</exception>
    public static void Require(Matrix lower, Matrix b, Side side)
    {
        lower.RequireSquare("triangular solve");
        if ((side == Side.Left ? b.Rows : b.Columns) != lower.Rows)
            throw new ArgumentException($"A {lower.Rows} × {lower.Rows} triangle cannot be solved with {b.Rows} × {b.Columns}.", nameof(b));
        for (int i = 0; i < lower.Rows; i++)
            if (lower[i, i] == 0) throw new NumericalException($"The triangular matrix is singular: its diagonal element {i} is zero.");
    }

    public static Matrix Left(ThreadTeam team, Matrix lower, Matrix b, bool transpose)
    {
        int n = b.Rows, columns = b.Columns;
        var x = b.Clone();
        // The products subtract, so they need −L.
        var negative = new Matrix(n, n);
        for (int i = 0; i < n; i++)
            for (int j = 0; j <= i; j++) negative.Data[i * n + j] = -lower.Data[i * n + j];
        int blocks = (n + Block - 1) / Block;
        fixed (double* px = x.Data, l = negative.Data, corner = lower.Data)
            for (int step = 0; step < blocks; step++)
            {
                int first = (transpose ? blocks - 1 - step : step) * Block, height = Math.Min(Block, n - first);
                Substitute(team, corner + (long)first * n + first, n, px + (long)first * columns, height, columns, transpose);
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
    private static void Substitute(ThreadTeam team, double* l, int n, double* x, int height, int columns, bool transpose)
    {
        int width = TriangularStrip.Width, strips = (columns + width - 1) / width;
        team.Run((strips + StripsAnItem - 1) / StripsAnItem, item =>
        {
            using var scratch = new Workspace((nuint)(height * width * sizeof(double)));
            for (int strip = item * StripsAnItem; strip < Math.Min(strips, (item + 1) * StripsAnItem); strip++)
            {
                double* part = x + strip * width;
                int wide = Math.Min(width, columns - strip * width);
                if (wide == width) TriangularStrip.Solve(l, n, transpose, part, columns, height);
                else TriangularStrip.SolveNarrow(l, n, transpose, part, columns, height, wide, (double*)scratch.Pointer);
            }
        });
    }
}
