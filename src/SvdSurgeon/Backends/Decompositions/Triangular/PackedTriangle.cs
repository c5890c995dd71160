using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Decompositions.Triangular;

/// <summary>
/// op(L) as substitution reads it, its rows in groups as high as a tile of the product's kernel. Right-hand sides are panels [row][Columns]
/// as wide as a tile: the kernel subtracts from a group's rows what is solved already, and only the small triangle of the group itself is
/// done row by row.
/// </summary>
internal readonly unsafe struct PackedTriangle<TKernel>
    where TKernel : struct, IMicroKernel<double>
{
    // Rows that take their products with all rows before them together, and how many of those at a time: that part of a panel stays in
    // the first-level cache, the rows' own part of the triangle in the second.
    private const int Height = 96,
        Depth = 256;

    private readonly double* _l,
        _packed;
    private readonly nint _byRow,
        _byColumn;
    private readonly bool _backward;
    private readonly int _size;

    /// <param name="l">op(L)[0, 0].</param>
    /// <param name="byRow">From a row of op(L) to the next.</param>
    /// <param name="byColumn">From a column to the next; one of both is 1.</param>
    /// <param name="backward">op(L) is an upper triangle.</param>
    /// <param name="size">Rows and columns.</param>
    /// <param name="packed">Room for <see cref="Numbers"/>.</param>
    public PackedTriangle(double* l, nint byRow, nint byColumn, bool backward, int size, double* packed)
    {
        _l = l;
        _byRow = byRow;
        _byColumn = byColumn;
        _backward = backward;
        _size = size;
        _packed = packed;
    }

    /// <summary>What a packed triangle of so many rows needs.</summary>
    public static nint Numbers(int size) => (nint)Ceiling(size, TKernel.Rows) * TKernel.Rows * size;

    /// <summary>Rows that a panel needs: a tile may stick out below.</summary>
    public static int PanelRows(int size) => size + TKernel.Rows;

    /// <summary>Packs the rows; before that, nothing can be solved.</summary>
    public void Pack(ThreadTeam team)
    {
        var packed = this;
        team.Run(Ceiling(_size, TKernel.Rows), group => packed.Pack(group * TKernel.Rows));
    }

    /// <summary>Solves for panels <paramref name="apart"/> numbers from each other, in place.</summary>
    public void Solve(double* x, nint apart, int panels)
    {
        int blocks = Ceiling(_size, Height);
        for (int i = 0; i < blocks; i++)
        {
            int top = (_backward ? blocks - 1 - i : i) * Height,
                high = Math.Min(Height, _size - top);
            int first = _backward ? top + high : 0,
                end = _backward ? _size : top;
            for (; first < end; first += Depth)
                Subtract(top, high, first, Math.Min(Depth, end - first), x, apart, panels);
            SolveBlock(top, high, x, apart, panels);
        }
    }

    private void SolveBlock(int top, int high, double* x, nint apart, int panels)
    {
        int groups = Ceiling(high, TKernel.Rows);
        for (int i = 0; i < groups; i++)
        {
            int above = (_backward ? groups - 1 - i : i) * TKernel.Rows,
                row = top + above,
                rows = Math.Min(TKernel.Rows, high - above);
            int first = _backward ? row + rows : top,
                count = _backward ? high - above - rows : above;
            if (count > 0)
                Subtract(row, rows, first, count, x, apart, panels);
            // Panels side by side, since each is one long chain of operations.
            for (int p = 0; p < panels; p++)
                TileSubstitution.Solve<TKernel>(
                    Corner(row),
                    _byRow,
                    _byColumn,
                    _backward,
                    rows,
                    x + p * apart + (nint)row * TKernel.Columns
                );
        }
    }

    // Rows [top, top + high) less their products with the solved rows [first, first + count).
    private void Subtract(int top, int high, int first, int count, double* x, nint apart, int panels)
    {
        for (int p = 0; p < panels; p++)
        {
            double* panel = x + p * apart,
                solved = panel + (nint)first * TKernel.Columns;
            for (int row = top; row < top + high; row += TKernel.Rows)
                TKernel.Multiply(
                    count,
                    Packed(row) + (nint)(first - FirstPacked(row)) * TKernel.Rows,
                    solved,
                    panel + (nint)row * TKernel.Columns,
                    TKernel.Columns,
                    true
                );
        }
    }

    private double* Corner(int row) => _l + row * _byRow + row * _byColumn;

    // Of the group that begins with this row.
    private double* Packed(int row) => _packed + (nint)row * _size;

    private int FirstPacked(int row) => _backward ? Math.Min(row + TKernel.Rows, _size) : 0;

    private void Pack(int row)
    {
        int high = Math.Min(TKernel.Rows, _size - row),
            first = FirstPacked(row),
            count = _backward ? _size - first : row;
        double* source = _l + row * _byRow + first * _byColumn,
            to = Packed(row);
        if (_byRow == 1)
            Packing.Copy(source, _byColumn, count, high, TKernel.Rows, to);
        else
            Packing.Transpose(source, _byRow, count, high, TKernel.Rows, to);
        Vectors.Negate(to, count * TKernel.Rows);
    }

    private static int Ceiling(int a, int b) => (a + b - 1) / b;
}
