using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Decompositions.Triangular;

/// <summary>
/// op(L) B and B op(L) by strips of the result, each with the part of L that is not zero: little more than half of the operations.
/// </summary>
internal static unsafe class TriangularProduct
{
    private const int Strip = 128;

    /// <summary>
    /// The product with the lower triangular <paramref name="lower"/> on the given side; zeros above its diagonal are read.
    /// </summary>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public static Matrix Multiply(ThreadTeam team, IProducts products, Matrix lower, Matrix b, Side side, bool transpose)
    {
        lower.RequireSquare("triangular product");
        int n = lower.Rows;
        if ((side == Side.Left ? b.Rows : b.Columns) != n)
            throw new ArgumentException($"A {n} × {n} triangle cannot be multiplied with {b.Rows} × {b.Columns}.", nameof(b));
        var c = new Matrix(b.Rows, b.Columns);
        fixed (
            double* pl = lower.Data,
                pb = b.Data,
                pc = c.Data
        )
            for (int first = 0; first < n; first += Strip)
            {
                int count = Math.Min(Strip, n - first);
                // Rows of op(L) B meet L up to the diagonal, those of its transpose from there on; columns of B op(L) the other way round.
                bool fromDiagonal = (side == Side.Left) == transpose;
                int k = fromDiagonal ? first : 0,
                    depth = fromDiagonal ? n - first : first + count;
                bool rowsOfL = (side == Side.Left) != transpose;
                double* l = pl + (rowsOfL ? (long)first * n + k : (long)k * n + first);
                var triangle = new Operand<double>(l, n, rowsAlongK: !rowsOfL);
                if (side == Side.Left)
                    products.Run(
                        team,
                        new ProductShape<double>(count, b.Columns, depth, pc + (long)first * b.Columns, b.Columns, false),
                        triangle,
                        new Operand<double>(pb + (long)k * b.Columns, b.Columns, rowsAlongK: true)
                    );
                else
                    products.Run(
                        team,
                        new ProductShape<double>(b.Rows, count, depth, pc + first, n, false),
                        new Operand<double>(pb + k, n, rowsAlongK: false),
                        triangle
                    );
            }
        return c;
    }
}
