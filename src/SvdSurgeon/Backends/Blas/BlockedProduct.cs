using System.Runtime.CompilerServices;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Blas;

/// <summary>
/// A product by packed panels: a block of b and a block of a, as deep as fits the caches, are packed by all threads and shared, and then
/// the tiles of the output are the work items. k is never split between threads, so the sums do not depend on their number.
/// </summary>
internal sealed unsafe class BlockedProduct<T, TKernel>
    where T : unmanaged
    where TKernel : struct, IMicroKernel<T>
{
    // A panel of b over the deepest block fills three quarters of a first-level cache; the panels and sums of a tile half of a second-level
    // one.
    private const int MaxDepth = 288,
        DepthUnit = 32,
        PanelsDown = 4,
        PanelsAcross = 8;

    // What is packed should still lie in a cache when it is read, and yet hold enough tiles for all threads.
    private const int PackedBytesAThread = 2 << 20,
        MaxPackedBytes = 32 << 20;

    private readonly ProductShape<T> _shape;
    private readonly Operand<T> _a,
        _b;
    private readonly T* _packedA,
        _packedB;
    private readonly TileOrder _tiles;
    private int _i,
        _rows,
        _j,
        _columns,
        _p,
        _depth,
        _partsA,
        _parts;

    private BlockedProduct(in ProductShape<T> shape, in Operand<T> a, in Operand<T> b, T* packedA, T* packedB, int threads)
    {
        _shape = shape;
        _a = a;
        _b = b;
        _packedA = packedA;
        _packedB = packedB;
        _tiles = new TileOrder(TileRows, TileColumns, threads);
    }

    private static int TileRows => PanelsDown * TKernel.Rows;

    private static int TileColumns => PanelsAcross * TKernel.Columns;

    public static void Run(ThreadTeam team, in ProductShape<T> shape, in Operand<T> a, in Operand<T> b)
    {
        int threads = team.ThreadsHere;
        int depth = Math.Min(shape.K, EqualPart(shape.K, MaxDepth, Math.Max(DepthUnit, b.Block)));
        int most = (int)Math.Min((long)PackedBytesAThread * threads, MaxPackedBytes) / sizeof(T) / depth;
        int rows = EqualPart(shape.M, most, TileRows),
            columns = EqualPart(shape.N, most, Math.Max(TileColumns, b.Block));
        using var packedA = new Workspace((nuint)RoundUp(Math.Min(rows, shape.M), TKernel.Rows) * (nuint)depth * (nuint)sizeof(T));
        using var packedB = new Workspace((nuint)RoundUp(Math.Min(columns, shape.N), TKernel.Columns) * (nuint)depth * (nuint)sizeof(T));
        new BlockedProduct<T, TKernel>(shape, a, b, (T*)packedA.Pointer, (T*)packedB.Pointer, threads).Run(team, rows, columns, depth);
    }

    // The output of a block of columns is finished before the next is begun, so that its sums need not go far between two steps of k.
    private void Run(ThreadTeam team, int maxRows, int maxColumns, int maxDepth)
    {
        Action<int> pack = PackPart,
            compute = ComputeTile;
        for (_j = 0; _j < _shape.N; _j += _columns)
        {
            _columns = Math.Min(maxColumns, _shape.N - _j);
            for (_p = 0; _p < _shape.K; _p += _depth)
            {
                _depth = Math.Min(maxDepth, _shape.K - _p);
                int partsB = _b.Parts(_columns, _depth, TKernel.Columns);
                for (_i = 0; _i < _shape.M; _i += _rows)
                {
                    _rows = Math.Min(maxRows, _shape.M - _i);
                    int tiles = _tiles.Arrange(_rows, _columns, _shape.Diagonal + _i - _j);
                    if (tiles == 0)
                        continue;
                    _partsA = _a.Parts(_rows, _depth, TKernel.Rows);
                    _parts = _partsA + partsB;
                    team.Run(_parts, pack);
                    partsB = 0;
                    team.Run(tiles, compute);
                }
            }
        }
    }

    // The parts of a and of b are mixed evenly: each thread packs its share of both.
    private void PackPart(int part)
    {
        int a = (int)((long)part * _partsA / _parts),
            next = (int)((part + 1L) * _partsA / _parts);
        if (next > a)
            _a.Pack(a, _i, _rows, _p, _depth, TKernel.Rows, _packedA);
        else
            _b.Pack(part - a, _j, _columns, _p, _depth, TKernel.Columns, _packedB);
    }

    private void ComputeTile(int item)
    {
        var (top, left) = _tiles[item];
        int bottom = Math.Min(_rows, top + TileRows),
            right = Math.Min(_columns, left + TileColumns);
        for (int j = left; j < right; j += TKernel.Columns)
        for (int i = top; i < bottom; i += TKernel.Rows)
            if (_shape.Diagonal is not { } diagonal || _j + j < diagonal + _i + i + TKernel.Rows)
                Panels(i, Math.Min(TKernel.Rows, bottom - i), j, Math.Min(TKernel.Columns, right - j));
        if (_shape.Bias is not null && _p == 0)
            for (int i = top; i < bottom; i++)
                Vectors.AddRow(_shape.Bias + _j + left, C(i, left), right - left);
    }

    // One panel of a by one panel of b.
    private void Panels(int i, int rows, int j, int columns)
    {
        T* a = _packedA + (nint)i * _depth,
            b = _packedB + (nint)j * _depth,
            c = C(i, j);
        bool accumulate = _shape.Accumulate || _p > 0,
            narrow = columns <= TKernel.Columns / 2;
        if (rows == TKernel.Rows && columns == (narrow ? TKernel.Columns / 2 : TKernel.Columns))
        {
            if (narrow)
                TKernel.MultiplyNarrow(_depth, a, b, c, _shape.Stride, accumulate);
            else
                TKernel.Multiply(_depth, a, b, c, _shape.Stride, accumulate);
            return;
        }
        // A tile that sticks out goes through a full one on the stack.
        T* full = stackalloc T[TKernel.Rows * TKernel.Columns];
        if (narrow)
            TKernel.MultiplyNarrow(_depth, a, b, full, TKernel.Columns, false);
        else
            TKernel.Multiply(_depth, a, b, full, TKernel.Columns, false);
        for (int r = 0; r < rows; r++)
        {
            T* from = full + r * TKernel.Columns,
                to = c + r * _shape.Stride;
            if (accumulate)
                Vectors.AddRow(from, to, columns);
            else
                Unsafe.CopyBlockUnaligned(to, from, (uint)(columns * sizeof(T)));
        }
    }

    private T* C(int i, int j) => _shape.C + (_i + i) * _shape.Stride + _j + j;

    // Into how long parts a length is cut so that none is longer than most and all are about as long, in whole units (one at least).
    private static int EqualPart(int length, int most, int unit)
    {
        int units = Ceiling(length, unit),
            parts = Ceiling(units, Math.Max(1, most / unit));
        return Ceiling(units, parts) * unit;
    }

    private static int Ceiling(int a, int b) => (a + b - 1) / b;

    private static int RoundUp(int a, int b) => Ceiling(a, b) * b;
}
