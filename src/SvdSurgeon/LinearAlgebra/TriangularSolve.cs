using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>
/// op(L) X = B and X op(L) = B with many right-hand sides, in place and by halves: all but small blocks on the diagonal are products, most
/// of them large.
/// </summary>
internal readonly unsafe struct TriangularSolve
{
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
            if (double.IsInfinity(1 / lower[i, i])) throw new NumericalException($"The triangular matrix is singular: its diagonal element {i} is zero, or as good as zero.");
    }

    /// <summary>The solution for whole matrices.</summary>
    public static Matrix Solve(ThreadTeam team, Matrix lower, Matrix b, Side side, bool transpose)
    {
        int n = lower.Rows;
        var x = n > Block ? b.Clone() : new Matrix(b.Rows, b.Columns, GC.AllocateUninitializedArray<double>(b.Data.Length));
        fixed (double* l = lower.Data, pb = b.Data, px = x.Data)
        {
            if (n <= Block)
            {
                SolveBlock(team, l, n, n, side, transpose, pb, px, x.Columns, side == Side.Left ? x.Columns : x.Rows);
                return x;
            }
            var solve = new TriangularSolve(team, l, n, n);
            if (side == Side.Left) solve.Left(px, x.Columns, x.Columns, transpose);
            else solve.Right(px, x.Columns, x.Rows, transpose);
        }
        return x;
    }

    /// <summary>X ← op(L)⁻¹ X, n × columns.</summary>
    public void Left(double* x, nint strideX, int columns, bool transpose) => Left(0, _n, x, strideX, columns, transpose);

    /// <summary>X ← X op(L)⁻¹, rows × n.</summary>
    public void Right(double* x, nint strideX, int rows, bool transpose) => Right(0, _n, x, strideX, rows, transpose);

    private void Left(int first, int size, double* x, nint strideX, int columns, bool transpose)
    {
        if (size <= Block)
        {
            SolveBlock(_team, Corner(first), _stride, size, Side.Left, transpose, x, x, strideX, columns);
            return;
        }
        int half = Half(size), rest = size - half;
        double* below = Below(first, half), x2 = x + half * strideX;
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
            SolveBlock(_team, Corner(first), _stride, size, Side.Right, transpose, x, x, strideX, rows);
            return;
        }
        int half = Half(size), rest = size - half;
        double* below = Below(first, half), x2 = x + half;
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

    private static void SolveBlock(ThreadTeam team, double* l, nint strideL, int size, Side side, bool transpose, double* b, double* x, nint stride, int sides)
    {
        if (side == Side.Left) Substitution.SolveColumns(team, l, strideL, transpose, b, x, stride, size, sides);
        // X op(L) = B is op(L)ᵀ Xᵀ = Bᵀ.
        else Substitution.SolveRows(team, l, strideL, !transpose, b, x, stride, size, sides);
    }

    // A triangle is cut in two at whole blocks.
    private static int Half(int size) => (size / 2 + Block - 1) / Block * Block;

    private double* Corner(int first) => _lower + first * _stride + first;

    // L of the rows after the first half.
    private double* Below(int first, int half) => _lower + (first + half) * _stride + first;
}
