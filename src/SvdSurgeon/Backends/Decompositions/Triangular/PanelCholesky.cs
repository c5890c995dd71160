using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Decompositions.Triangular;

/// <summary>
/// a = L Lᵀ in the layout of the product's kernel. Lᵀ lies in panels [row][Columns] as wide as a tile, which serve products on both sides
/// without a copy, and is found a block of rows at a time: all panels less what the rows above take from them, then solved with the block's
/// corner on the diagonal. The next block's corner is factored meanwhile, so that a block costs one run of the threads. Blocks form spans:
/// what the spans before take is subtracted from all rows of a span at once, by all threads evenly, and the corners, which follow one from
/// the other, wait for the rows of their own span alone.
/// </summary>
internal sealed unsafe class PanelCholesky<TKernel>
    where TKernel : struct, IMicroKernel<double>
{
    // Rows of a block: a multiple of the width of every kernel's tile. Rows of a span. Depth: rows above that are taken at a time.
    private const int Height = 48,
        Span = 4 * Height,
        Depth = 256;
    private const int PanelsAnItem = 4;

    // More rows of L at once would compete for the same few lines of the cache.
    private const int RowsWritten = 4;

    private readonly ThreadTeam _team;
    private readonly int _n;
    private readonly double* _corner,
        _panels,
        _lower;
    private readonly nint _stride;

    private PanelCholesky(ThreadTeam team, int n, double* memory, double* lower, nint stride)
    {
        _team = team;
        _n = n;
        _lower = lower;
        _stride = stride;
        _corner = memory;
        _panels = memory + Height * Height;
    }

    /// <summary>
    /// Writes L, n × n, with zeros above its diagonal; false when a pivot is not positive (or not a number), and then L may be there in
    /// part. Of a the lower triangle alone counts; L has the same row stride and may take its place.
    /// </summary>
    public static bool TryFactor(ThreadTeam team, double* a, nint stride, int n, double* lower)
    {
        using var memory = new Workspace((nuint)((Height * Height + Offset(Panels(n))) * sizeof(double)));
        var cholesky = new PanelCholesky<TKernel>(team, n, (double*)memory.Pointer, lower, stride);
        return cholesky.Factor(a);
    }

    private static int Panels(int columns) => (columns + TKernel.Columns - 1) / TKernel.Columns;

    // A panel ends with the square on the diagonal.
    private static nint Offset(int panel) => (nint)panel * (panel + 1) / 2 * TKernel.Columns * TKernel.Columns;

    private double* Panel(int index) => _panels + Offset(index);

    // Lᵀ[row, column].
    private double* At(int row, int column) => Panel(column / TKernel.Columns) + (nint)row * TKernel.Columns + column % TKernel.Columns;

    private void Read(double* a, int p)
    {
        int first = p * TKernel.Columns,
            count = Math.Min(TKernel.Columns, _n - first);
        Packing.Transpose(a + first * _stride, _stride, first + count, count, TKernel.Columns, Panel(p));
    }

    // A panel's rows of L.
    private void Write(int p)
    {
        int end = Math.Min(_n, (p + 1) * TKernel.Columns);
        for (int row = p * TKernel.Columns; row < end; row += RowsWritten)
            Transposition.Transpose(
                Panel(p) + row % TKernel.Columns,
                TKernel.Columns,
                Math.Min(RowsWritten, end - row),
                end,
                _lower + row * _stride,
                _stride
            );
        for (int row = p * TKernel.Columns; row < end; row++)
            new Span<double>(_lower + row * _stride + row + 1, _n - row - 1).Clear();
    }

    private bool Factor(double* a)
    {
        bool positive = Begin(a);
        int written = 0;
        for (int top = 0; top + Height < _n && positive; top += Height)
        {
            int next = top + Height,
                corner = next / TKernel.Columns,
                rest = CornerEnd(next),
                items = 1 + Items(rest),
                write = written;
            bool beginsSpan = next % Span == 0;
            written = Written(top);
            _team.Run(
                items + written - write,
                item =>
                {
                    if (item >= items)
                        Write(write + item - items);
                    else if (item > 0)
                        Solve(top, FirstOf(item, rest), EndOf(item, rest));
                    else
                    {
                        Solve(top, corner, rest);
                        if (beginsSpan)
                            return;
                        Subtract(next, Height, corner, rest, next / Span * Span);
                        positive = FactorCorner(next);
                    }
                }
            );
            if (beginsSpan)
                positive = BeginSpan(next);
        }
        if (positive)
            _team.Run(Panels(_n) - written, item => Write(written + item));
        return positive;
    }

    // Reads the matrix and factors the first corner.
    private bool Begin(double* a)
    {
        bool positive = false;
        int rest = CornerEnd(0);
        _team.Run(
            1 + Panels(_n) - rest,
            item =>
            {
                if (item > 0)
                {
                    Read(a, rest + item - 1);
                    return;
                }
                for (int p = 0; p < rest; p++)
                    Read(a, p);
                positive = FactorCorner(0);
            }
        );
        return positive;
    }

    // How many panels are written by the end of this block: those of the spans before the last one during the last one's blocks, which
    // have too few panels left to keep all threads at work.
    private int Written(int top)
    {
        int lastSpan = (_n - 1) / Span * Span;
        return top < lastSpan ? 0 : lastSpan / TKernel.Columns * ((top - lastSpan) / Height + 1) / ((_n - 1 - lastSpan) / Height);
    }

    // All rows of the span less what the spans above take from them, and its first corner.
    private bool BeginSpan(int top)
    {
        bool positive = false;
        int corner = top / TKernel.Columns,
            rest = CornerEnd(top);
        _team.Run(
            1 + Items(rest),
            item =>
            {
                if (item > 0)
                {
                    Subtract(top, Span, FirstOf(item, rest), EndOf(item, rest), 0);
                    return;
                }
                Subtract(top, Height, corner, rest, 0);
                positive = FactorCorner(top);
            }
        );
        return positive;
    }

    // The first panel right of the corner.
    private int CornerEnd(int top) => top / TKernel.Columns + Panels(Math.Min(Height, _n - top));

    // Into how many items the panels from the given one on are cut; the corner is item 0.
    private int Items(int panel) => (Panels(_n) - panel + PanelsAnItem - 1) / PanelsAnItem;

    private static int FirstOf(int item, int panel) => panel + (item - 1) * PanelsAnItem;

    private int EndOf(int item, int panel) => Math.Min(panel + item * PanelsAnItem, Panels(_n));

    // The block's rows of the panels [first, end), which come after its corner.
    private void Solve(int top, int first, int end)
    {
        int from = top / Span * Span;
        for (int row = top; row < top + Height; row += TKernel.PanelTileRows)
        // Panels side by side, since each is one long chain of operations.
        for (int p = first; p < end; p++)
        {
            double* panel = Panel(p),
                x = panel + (nint)row * TKernel.Columns;
            TKernel.SubtractPanels(row - from, At(from, row), panel + (nint)from * TKernel.Columns, x);
            TileSubstitution.Solve<TKernel>(At(row, row), 1, TKernel.Columns, backward: false, TKernel.PanelTileRows, x);
        }
    }

    // So many rows of the panels [first, end) less what the rows [from, top) take from them; tiles below the diagonal are left out.
    private void Subtract(int top, int height, int first, int end, int from)
    {
        for (int k = from; k < top; k += Depth)
        for (int p = first; p < end; p++)
        {
            int bottom = Math.Min(Math.Min(top + height, _n), (p + 1) * TKernel.Columns);
            double* panel = Panel(p),
                above = panel + (nint)k * TKernel.Columns;
            for (int row = top; row < bottom; row += TKernel.PanelTileRows)
                TKernel.SubtractPanels(Math.Min(Depth, top - k), At(k, row), above, panel + (nint)row * TKernel.Columns);
        }
    }

    private bool FactorCorner(int top)
    {
        int size = Math.Min(Height, _n - top),
            width = TKernel.Columns;
        for (int p = 0; p < Panels(size); p++)
            Packing.Copy(At(top, top + p * width), width, CornerRows(size, p), width, _corner + p * width, Height);
        if (!UnblockedCholesky.TryFactor(_corner, Height, size))
            return false;
        for (int p = 0; p < Panels(size); p++)
            Packing.Copy(_corner + p * width, Height, CornerRows(size, p), width, At(top, top + p * width), width);
        return true;
    }

    // How many of a corner's rows its panel has.
    private static int CornerRows(int size, int panel) => Math.Min(size, (panel + 1) * TKernel.Columns);
}
