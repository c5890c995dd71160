using System.Runtime.CompilerServices;
using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.Backends.Blas;

/// <summary>Sizes of one product c[m, n] (+)= a[m, k] b[k, n] + bias, and where its result goes.</summary>
internal readonly unsafe struct ProductShape<T>(int m, int n, int k, T* c, nint stride, bool accumulate) where T : unmanaged
{
    public int M { get; } = m;
    public int N { get; } = n;
    public int K { get; } = k;
    public T* C { get; } = c;
    public nint Stride { get; } = stride;
    public bool Accumulate { get; } = accumulate;
    /// <summary>Added to every row of c once; null for none.</summary>
    public T* Bias { get; init; }
    /// <summary>Only tiles that touch the lower triangle are computed; what lies above the diagonal in c is undefined.</summary>
    public bool LowerOnly { get; init; }
}

/// <summary>
/// A product by packed panels. Blocks of k and columns go one after the other; inside a block the panels of both factors are packed once,
/// shared by all threads, and then the tiles of the output are the work items. k is never split between threads, so the sums
/// do not depend on their number.
/// </summary>
internal sealed unsafe class BlockedProduct<T, TKernel> where T : unmanaged where TKernel : struct, IMicroKernel<T>
{
    // Measured: see perf/RESULTS.md. A block of k keeps a panel of a in the first-level cache, a tile's panels in the second.
    private const int MaxRows = 2304, MaxColumns = 3072, PanelsDown = 8, PanelsAcross = 4;

    private readonly ProductShape<T> _shape;
    private readonly Operand<T> _a, _b;
    private readonly T* _packedA, _packedB;
    private int _i, _rows, _j, _columns, _p, _depth, _partsA;

    private BlockedProduct(in ProductShape<T> shape, in Operand<T> a, in Operand<T> b, T* packedA, T* packedB)
    {
        _shape = shape;
        _a = a;
        _b = b;
        _packedA = packedA;
        _packedB = packedB;
    }

    private static int MaxDepth => 2048 / sizeof(T);

    public static void Run(ThreadTeam team, in ProductShape<T> shape, in Operand<T> a, in Operand<T> b)
    {
        int depth = Depth(shape.K, Math.Max(a.BlockSize, b.BlockSize));
        int rows = Math.Min(shape.M, MaxRows), columns = Math.Min(shape.N, MaxColumns);
        using var packedA = new Workspace((nuint)RoundUp(rows, TKernel.Rows) * (nuint)depth * (nuint)sizeof(T));
        using var packedB = new Workspace((nuint)RoundUp(columns, TKernel.Columns) * (nuint)depth * (nuint)sizeof(T));
        new BlockedProduct<T, TKernel>(shape, a, b, (T*)packedA.Pointer, (T*)packedB.Pointer).Run(team, rows, columns, depth);
    }

    private void Run(ThreadTeam team, int maxRows, int maxColumns, int maxDepth)
    {
        Action<int> pack = PackPart, compute = ComputeTile;
        for (_j = 0; _j < _shape.N; _j += _columns)
        {
            _columns = Math.Min(maxColumns, _shape.N - _j);
            for (_p = 0; _p < _shape.K; _p += _depth)
            {
                _depth = Math.Min(maxDepth, _shape.K - _p);
                for (_i = 0; _i < _shape.M; _i += _rows)
                {
                    _rows = Math.Min(maxRows, _shape.M - _i);
                    if (_shape.LowerOnly && _j >= _i + _rows) continue;
                    _partsA = _a.Parts(_rows, _depth, TKernel.Rows);
                    team.Run(_partsA + (_i == 0 || _shape.LowerOnly ? _b.Parts(_columns, _depth, TKernel.Columns) : 0), pack);
                    team.Run(Ceiling(_rows, PanelsDown * TKernel.Rows) * Ceiling(_columns, PanelsAcross * TKernel.Columns), compute);
                }
            }
        }
    }

    private void PackPart(int part)
    {
        if (part < _partsA) _a.Pack(part, _i, _rows, _p, _depth, TKernel.Rows, _packedA);
        else _b.Pack(part - _partsA, _j, _columns, _p, _depth, TKernel.Columns, _packedB);
    }

    private void ComputeTile(int item)
    {
        int down = Ceiling(_rows, PanelsDown * TKernel.Rows);
        int top = item % down * PanelsDown * TKernel.Rows, left = item / down * PanelsAcross * TKernel.Columns;
        int bottom = Math.Min(_rows, top + PanelsDown * TKernel.Rows), right = Math.Min(_columns, left + PanelsAcross * TKernel.Columns);
        bool accumulate = _shape.Accumulate || _p > 0;
        for (int j = left; j < right; j += TKernel.Columns)
            for (int i = top; i < bottom; i += TKernel.Rows)
                if (!_shape.LowerOnly || _j + j < _i + i + TKernel.Rows)
                    Tile(i, Math.Min(TKernel.Rows, bottom - i), j, Math.Min(TKernel.Columns, right - j), accumulate);
        if (_shape.Bias is not null && _p == 0)
            for (int i = top; i < bottom; i++)
                AddRow(_shape.Bias + _j + left, C(i, left), right - left);
    }

    private void Tile(int i, int rows, int j, int columns, bool accumulate)
    {
        T* a = _packedA + (nint)i * _depth, b = _packedB + (nint)j * _depth, c = C(i, j);
        bool narrow = columns <= TKernel.Columns / 2;
        if (rows == TKernel.Rows && columns == (narrow ? TKernel.Columns / 2 : TKernel.Columns))
        {
            if (narrow) TKernel.MultiplyNarrow(_depth, a, b, c, _shape.Stride, accumulate);
            else TKernel.Multiply(_depth, a, b, c, _shape.Stride, accumulate);
            return;
        }
        // A tile that sticks out goes through a full one on the stack.
        T* full = stackalloc T[TKernel.Rows * TKernel.Columns];
        if (narrow) TKernel.MultiplyNarrow(_depth, a, b, full, TKernel.Columns, false);
        else TKernel.Multiply(_depth, a, b, full, TKernel.Columns, false);
        for (int r = 0; r < rows; r++)
        {
            T* from = full + r * TKernel.Columns, to = c + r * _shape.Stride;
            if (accumulate) AddRow(from, to, columns);
            else Unsafe.CopyBlockUnaligned(to, from, (uint)(columns * sizeof(T)));
        }
    }

    private T* C(int i, int j) => _shape.C + (_i + i) * _shape.Stride + _j + j;

    private static void AddRow(T* from, T* to, int n)
    {
        if (typeof(T) == typeof(float)) Vectors.Add((float*)from, (float*)to, n);
        else Vectors.Add((double*)from, (double*)to, n);
    }

    // Blocks of k of equal size, so that the last one is not a sliver.
    private static int Depth(int k, int granularity)
    {
        granularity = Math.Max(granularity, 8);
        int blocks = Ceiling(Math.Max(k, 1), Math.Max(MaxDepth, granularity));
        return RoundUp(Ceiling(Math.Max(k, 1), blocks), granularity);
    }

    private static int Ceiling(int a, int b) => (a + b - 1) / b;

    private static int RoundUp(int a, int b) => Ceiling(a, b) * b;
}
