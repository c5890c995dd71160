using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Decompositions.Triangular;

/// <summary>
/// op(L) X = B and X op(L) = B with many right-hand sides: a small triangle by substitution, a large one by halves in place, so that all
/// but the triangles on its diagonal are products.
/// </summary>
internal readonly unsafe struct TriangularSolve
{
    // Triangles of up to so many rows are packed as a whole.
    private const int Block = 768;

    private readonly ThreadTeam _team;
    private readonly double* _lower;
    private readonly nint _stride;
    private readonly int _n;

    /// <param name="team">Threads.</param>
    /// <param name="lower">L, n × n with the given row stride; what lies above its diagonal is not read.</param>
    /// <param name="stride">From one row to the next.</param>
    /// <param name="n">Rows and columns.</param>
    public TriangularSolve(ThreadTeam team, double* lower, nint stride, int n)
    {
        _team = team;
        _lower = lower;
        _stride = stride;
        _n = n;
    }

    /// <summary>Checks a triangle and right-hand sides that are to be solved with it.</summary>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    /// <exception cref="NumericalException">The triangle is singular.</exception>
    public static void Require(Matrix lower, Matrix b, Side side)
    {
        lower.RequireSquare("triangular solve");
        if ((side == Side.Left ? b.Rows : b.Columns) != lower.Rows)
            throw new ArgumentException($"A {lower.Rows} × {lower.Rows} triangle cannot be solved with {b.Rows} × {b.Columns}.", nameof(b));
        for (int i = 0; i < lower.Rows; i++)
            if (double.IsInfinity(1 / lower[i, i]))
                throw new NumericalException($"The triangular matrix is singular: its diagonal element {i} is zero, or as good as zero.");
    }

    /// <summary>The solution for whole matrices.</summary>
    public static Matrix Solve(ThreadTeam team, Matrix lower, Matrix b, Side side, bool transpose)
    {
        var x = Matrix.Uninitialized(b.Rows, b.Columns);
        Solve(team, lower, b, side, transpose, x);
        return x;
    }

    /// <summary>The same into a matrix of b's size.</summary>
    public static void Solve(ThreadTeam team, Matrix lower, Matrix b, Side side, bool transpose, Matrix x)
    {
        int n = lower.Rows,
            columns = b.Columns;
        bool inPlace = n > Block;
        if (inPlace)
            b.Data.CopyTo(x.Data, 0);
        fixed (
            double* l = lower.Data,
                from = b.Data,
                to = x.Data
        )
        {
            var solve = new TriangularSolve(team, l, n, n);
            if (!inPlace)
                solve.Substitute(0, n, from, to, columns, side == Side.Left ? columns : b.Rows, side, transpose);
            else if (side == Side.Left)
                solve.Left(to, columns, columns, transpose);
            else
                solve.Right(to, columns, b.Rows, transpose);
        }
    }

    /// <summary>X ← op(L)⁻¹ X, n × columns.</summary>
    public void Left(double* x, nint strideX, int columns, bool transpose) => Left(0, _n, x, strideX, columns, transpose);

    /// <summary>X ← X op(L)⁻¹, rows × n.</summary>
    public void Right(double* x, nint strideX, int rows, bool transpose) => Right(0, _n, x, strideX, rows, transpose);

    private void Left(int first, int size, double* x, nint strideX, int columns, bool transpose)
    {
        if (size <= Block)
        {
            Substitute(first, size, x, x, strideX, columns, Side.Left, transpose);
            return;
        }
        int half = Half(size),
            rest = size - half;
        double* below = Below(first, half),
            x2 = x + half * strideX;
        if (transpose)
        {
            Left(first + half, rest, x2, strideX, columns, transpose);
            Gemm.Subtract(_team, half, columns, rest, below, _stride, true, x2, strideX, false, x, strideX);
            Left(first, half, x, strideX, columns, transpose);
        }
        else
        {
            Left(first, half, x, strideX, columns, transpose);
            Gemm.Subtract(_team, rest, columns, half, below, _stride, false, x, strideX, false, x2, strideX);
            Left(first + half, rest, x2, strideX, columns, transpose);
        }
    }

    private void Right(int first, int size, double* x, nint strideX, int rows, bool transpose)
    {
        if (size <= Block)
        {
            Substitute(first, size, x, x, strideX, rows, Side.Right, transpose);
            return;
        }
        int half = Half(size),
            rest = size - half;
        double* below = Below(first, half),
            x2 = x + half;
        if (transpose)
        {
            Right(first, half, x, strideX, rows, transpose);
            Gemm.Subtract(_team, rows, rest, half, x, strideX, false, below, _stride, true, x2, strideX);
            Right(first + half, rest, x2, strideX, rows, transpose);
        }
        else
        {
            Right(first + half, rest, x2, strideX, rows, transpose);
            Gemm.Subtract(_team, rows, half, rest, x2, strideX, false, below, _stride, false, x, strideX);
            Right(first, half, x, strideX, rows, transpose);
        }
    }

    // With the triangle that begins at row and column first; x may take the place of b.
    private void Substitute(int first, int size, double* b, double* x, nint stride, int sides, Side side, bool transpose)
    {
        double* corner = _lower + first * _stride + first;
        if (side == Side.Left)
            Substitution.SolveColumns(_team, corner, _stride, transpose, b, x, stride, size, sides);
        // X op(L) = B is op(L)ᵀ Xᵀ = Bᵀ.
        else
            Substitution.SolveRows(_team, corner, _stride, !transpose, b, x, stride, size, sides);
    }

    // A triangle is cut in two at whole blocks.
    private static int Half(int size) => (size / 2 + Block - 1) / Block * Block;

    // L of the rows after the first half.
    private double* Below(int first, int half) => _lower + (first + half) * _stride + first;
}
