using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>
/// a = L Lᵀ in the layout of the product's kernel. Lᵀ lies in panels [row][Columns] as wide as a tile and is found a block of rows at a time:
/// all panels less what the rows above take from them, then solved with the block's corner on the diagonal. The next block's corner is
/// factored meanwhile, so that a block costs one run of the threads. Blocks form spans: what the spans before take is subtracted from all rows of
/// a span at once, by all threads evenly, and the corners, which follow one from the other, wait for the rows of their own span alone.
/// </summary>
internal sealed unsafe class PanelCholesky<TKernel> where TKernel : struct, IMicroKernel<double>
{
    // Rows of a block: a multiple of the height and of the width of every kernel's tile. Rows of a span. Depth: rows above that are taken at a time.
    private const int Height = 48, Span = 4 * Height, Depth = 256;
    private const int PanelsAnItem = 4;
    // More rows of L at once would compete for the same few lines of the cache.
    private const int RowsWritten = 4;

    private readonly ThreadTeam _team;
    private readonly double* _panels, _rows, _corners, _packed;
    private readonly nint _apart, _packedApart;
    private readonly int _n;

    private PanelCholesky(ThreadTeam team, int n, double* memory)
    {
        _team = team;
        _n = n;
        var strides = Strides(n);
        _apart = strides.Panel;
        _packedApart = strides.Packed;
        _panels = memory;
        _rows = _panels + Panels(n) * _apart;
        _corners = _rows + strides.Rows;
        _packed = _corners + 2 * Height * Height;
    }

    /// <summary>
    /// Writes L, n × n, with zeros above its diagonal; false when a pivot is not positive (or not a number). Of a the lower triangle alone
    /// counts; L has the same row stride and may take its place.
    /// </summary>
    public static bool TryFactor(ThreadTeam team, double* a, nint stride, int n, double* lower)
    {
        var (apart, rows, packed) = Strides(n);
        using var memory = new Workspace((nuint)((Panels(n) * apart + rows + 2 * (packed + Height * Height)) * sizeof(double)));
        var cholesky = new PanelCholesky<TKernel>(team, n, (double*)memory.Pointer);
        cholesky.Read(a, stride);
        if (!cholesky.Factor()) return false;
        cholesky.Write(lower, stride);
        return true;
    }

    private static (nint Panel, nint Rows, nint Packed) Strides(int n) =>
        ((nint)PackedTriangle<TKernel>.PanelRows(n) * TKernel.Columns, (nint)Span * n, PackedTriangle<TKernel>.Numbers(Height));

    private static int Panels(int columns) => (columns + TKernel.Columns - 1) / TKernel.Columns;

    private double* Panel(int index) => _panels + index * _apart;

    private void Read(double* a, nint stride) => _team.Run(Panels(_n), p =>
    {
        int first = p * TKernel.Columns, count = Math.Min(TKernel.Columns, _n - first);
        Packing.Transpose(a + first * stride, stride, first + count, count, TKernel.Columns, Panel(p));
    });

    private void Write(double* lower, nint stride) => _team.Run(Panels(_n), p =>
    {
        int end = Math.Min(_n, (p + 1) * TKernel.Columns);
        for (int row = p * TKernel.Columns; row < end; row += RowsWritten)
            Packing.Transpose(Panel(p) + row % TKernel.Columns, TKernel.Columns, Math.Min(RowsWritten, end - row), end, lower + row * stride, stride);
        for (int row = p * TKernel.Columns; row < end; row++) new Span<double>(lower + row * stride + row + 1, _n - row - 1).Clear();
    });

    private bool Factor()
    {
        bool positive = FactorCorner(0);
        for (int top = 0; top + Height < _n && positive; top += Height)
        {
            int next = top + Height, corner = next / TKernel.Columns, rest = CornerEnd(next);
            bool beginsSpan = next % Span == 0;
            _team.Run(1 + Items(rest), item =>
            {
                if (item > 0)
                {
                    int first = rest + (item - 1) * PanelsAnItem;
                    Solve(top, first, Math.Min(PanelsAnItem, Panels(_n) - first));
                    return;
                }
                Solve(top, corner, rest - corner);
                if (beginsSpan) return;
                CopyRows(next, next / Span * Span, next);
                Subtract(next, Height, corner, rest - corner, next / Span * Span);
                positive = FactorCorner(next);
            });
            if (beginsSpan) positive = BeginSpan(next);
        }
        return positive;
    }

    // All rows of the span less what the spans above take from them, and its first corner.
    private bool BeginSpan(int top)
    {
        bool positive = false;
        int corner = top / TKernel.Columns, rest = CornerEnd(top);
        _team.Run((Math.Min(Span, _n - top) + Height - 1) / Height, block => CopyRows(top + block * Height, 0, top));
        _team.Run(1 + Items(rest), item =>
        {
            if (item > 0)
            {
                int first = rest + (item - 1) * PanelsAnItem;
                Subtract(top, Span, first, Math.Min(PanelsAnItem, Panels(_n) - first), 0);
                return;
            }
            Subtract(top, Height, corner, rest - corner, 0);
            positive = FactorCorner(top);
        });
        return positive;
    }

    // The first panel right of the corner.
    private int CornerEnd(int top) => top / TKernel.Columns + Panels(Math.Min(Height, _n - top));

    // Into how many items the panels from the given one on are cut.
    private int Items(int panel) => (Panels(_n) - panel + PanelsAnItem - 1) / PanelsAnItem;

    // What multiplies the panels for the block that begins at top.
    private double* Rows(int top) => _rows + top % Span * _n;

    private PackedTriangle<TKernel> Corner(int top)
    {
        int i = top / Height % 2;
        return new PackedTriangle<TKernel>(_corners + i * Height * Height, 1, Height, backward: false, Height, _packed + i * _packedApart);
    }

    // The block's rows of these panels, which come after its corner.
    private void Solve(int top, int first, int count)
    {
        Subtract(top, Height, first, count, top / Span * Span);
        Corner(top).Solve(Panel(first) + (nint)top * TKernel.Columns, _apart, count);
    }

    // So many rows of these panels less what the rows [from, top) take from them; tiles below the diagonal are left out.
    private void Subtract(int top, int height, int first, int count, int from)
    {
        for (int k = from; k < top; k += Depth)
            for (int p = first; p < first + count; p++)
            {
                int end = Math.Min(Math.Min(top + height, _n), (p + 1) * TKernel.Columns);
                double* above = Panel(p) + (nint)k * TKernel.Columns, rows = Rows(top) + (nint)k * TKernel.Rows;
                for (int row = top; row < end; row += TKernel.Rows, rows += (nint)TKernel.Rows * _n)
                    TKernel.Multiply(Math.Min(Depth, top - k), rows, above, Panel(p) + (nint)row * TKernel.Columns, TKernel.Columns, true);
            }
    }

    // Minus rows [from, to) of the columns above the block's corner, which are its rows of L, in groups as high as a tile.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void CopyRows(int top, int from, int to)
    {
        double* rows = Rows(top) + (nint)from * TKernel.Rows;
        for (int j = 0; j < Math.Min(Height, _n - top); j += Vector128<double>.Count)
        {
            double* source = Panel((top + j) / TKernel.Columns) + (nint)from * TKernel.Columns + (top + j) % TKernel.Columns;
            double* copy = rows + (nint)(j / TKernel.Rows) * TKernel.Rows * _n + j % TKernel.Rows;
            for (int k = from; k < to; k++, source += TKernel.Columns, copy += TKernel.Rows) Vector128.Store(-Vector128.Load(source), copy);
        }
    }

    private bool FactorCorner(int top)
    {
        int size = Math.Min(Height, _n - top), width = TKernel.Columns;
        double* corner = _corners + top / Height % 2 * Height * Height;
        for (int p = 0; p < Panels(size); p++)
            Packing.Copy(Panel(top / width + p) + (nint)top * width, width, size, width, corner + p * width, Height);
        if (!UnblockedCholesky.TryFactor(corner, Height, size)) return false;
        for (int p = 0; p < Panels(size); p++)
            Packing.Copy(corner + p * width, Height, size, width, Panel(top / width + p) + (nint)top * width, width);
        if (size == Height) Corner(top).Pack(_team);
        return true;
    }
}
