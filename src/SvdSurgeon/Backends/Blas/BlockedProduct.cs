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
/// A product by packed panels. The panels of both factors are packed once, shared by all threads, and then the tiles of the output are the
/// work items; a tile stays in the cache while k runs. k is never split between threads, so the sums do not depend on their number.
/// </summary>
internal sealed unsafe class BlockedProduct<T, TKernel> where T : unmanaged where TKernel : struct, IMicroKernel<T>
{
    // A panel of b over Depth steps fills two thirds of a first-level cache; the panels and sums of a tile half of a second-level one.
    private const int Depth = 256, PanelsDown = 4, PanelsAcross = 8;
    // Larger factors are packed part by part.
    private const int MaxDepth = 4096, MaxPackedBytes = 8 << 20;

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

    private static int TileRows => PanelsDown * TKernel.Rows;

    private static int TileColumns => PanelsAcross * TKernel.Columns;

    public static void Run(ThreadTeam team, in ProductShape<T> shape, in Operand<T> a, in Operand<T> b)
    {
        int depth = Math.Min(shape.K, MaxDepth), most = MaxPackedBytes / sizeof(T) / depth;
        int rows = Math.Min(RoundUp(shape.M, TKernel.Rows), Math.Max(1, most / TileRows) * TileRows);
        int columns = Math.Min(RoundUp(shape.N, TKernel.Columns), Math.Max(1, most / TileColumns) * TileColumns);
        using var packedA = new Workspace((nuint)rows * (nuint)depth * (nuint)sizeof(T));
        using var packedB = new Workspace((nuint)columns * (nuint)depth * (nuint)sizeof(T));
        new BlockedProduct<T, TKernel>(shape, a, b, (T*)packedA.Pointer, (T*)packedB.Pointer).Run(team, rows, columns, depth);
    }

    private void Run(ThreadTeam team, int maxRows, int maxColumns, int maxDepth)
    {
        Action<int> pack = PackPart, compute = ComputeTile;
        for (_p = 0; _p < _shape.K; _p += _depth)
        {
            _depth = Math.Min(maxDepth, _shape.K - _p);
            for (_j = 0; _j < _shape.N; _j += _columns)
            {
                _columns = Math.Min(maxColumns, _shape.N - _j);
                bool packedB = false;
                for (_i = 0; _i < _shape.M; _i += _rows)
                {
                    _rows = Math.Min(maxRows, _shape.M - _i);
                    if (_shape.LowerOnly && _j >= _i + _rows) continue;
                    // When a fits as a whole, it is packed for the first columns only.
                    _partsA = _j > 0 && _rows == _shape.M ? 0 : _a.Parts(_rows, _depth, TKernel.Rows);
                    team.Run(_partsA + (packedB ? 0 : _b.Parts(_columns, _depth, TKernel.Columns)), pack);
                    packedB = true;
                    team.Run(Ceiling(_rows, TileRows) * Ceiling(_columns, TileColumns), compute);
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
        int down = Ceiling(_rows, TileRows);
        int top = item % down * TileRows, left = item / down * TileColumns;
        int bottom = Math.Min(_rows, top + TileRows), right = Math.Min(_columns, left + TileColumns);
        if (_shape.LowerOnly && _j + left >= _i + bottom) return;
        for (int p = 0; p < _depth; p += Depth)
            for (int j = left; j < right; j += TKernel.Columns)
                for (int i = top; i < bottom; i += TKernel.Rows)
                    if (!_shape.LowerOnly || _j + j < _i + i + TKernel.Rows)
                        Panels(i, Math.Min(TKernel.Rows, bottom - i), j, Math.Min(TKernel.Columns, right - j), p);
        if (_shape.Bias is not null && _p == 0)
            for (int i = top; i < bottom; i++) Vectors.AddRow(_shape.Bias + _j + left, C(i, left), right - left);
    }

    // One panel of a by one panel of b, Depth steps of k from p.
    private void Panels(int i, int rows, int j, int columns, int p)
    {
        T* a = _packedA + (nint)i * _depth + p * TKernel.Rows, b = _packedB + (nint)j * _depth + p * TKernel.Columns, c = C(i, j);
        int steps = Math.Min(Depth, _depth - p);
        bool accumulate = _shape.Accumulate || _p + p > 0, narrow = columns <= TKernel.Columns / 2;
        if (rows == TKernel.Rows && columns == (narrow ? TKernel.Columns / 2 : TKernel.Columns))
        {
            if (narrow) TKernel.MultiplyNarrow(steps, a, b, c, _shape.Stride, accumulate);
            else TKernel.Multiply(steps, a, b, c, _shape.Stride, accumulate);
            return;
        }
        // A tile that sticks out goes through a full one on the stack.
        T* full = stackalloc T[TKernel.Rows * TKernel.Columns];
        if (narrow) TKernel.MultiplyNarrow(steps, a, b, full, TKernel.Columns, false);
        else TKernel.Multiply(steps, a, b, full, TKernel.Columns, false);
        for (int r = 0; r < rows; r++)
        {
            T* from = full + r * TKernel.Columns, to = c + r * _shape.Stride;
            if (accumulate) Vectors.AddRow(from, to, columns);
            else Unsafe.CopyBlockUnaligned(to, from, (uint)(columns * sizeof(T)));
        }
    }

    private T* C(int i, int j) => _shape.C + (_i + i) * _shape.Stride + _j + j;

    private static int Ceiling(int a, int b) => (a + b - 1) / b;

    private static int RoundUp(int a, int b) => Ceiling(a, b) * b;
}
