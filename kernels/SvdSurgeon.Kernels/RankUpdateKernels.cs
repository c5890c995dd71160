using System.Runtime.CompilerServices;
using ILGPU;

namespace SvdSurgeon.Kernels;

/// <summary>
/// Symmetric rank-k updates h += gᵀg of an n × n matrix of which only the lower triangle is read and written: the spectral Fisher, and Gram
/// matrices from 16-bit inputs. Launch (t, t), 16 × 16 threads, t = ⌈n/64⌉ tiles a side; groups above the diagonal leave at once. Thread
/// (x, y) has a 4 × 4 piece. Shared memory 17 KB: two chunks of 32 rows. rows·n² FLOPs (half of a full product); the input is read once per
/// tile row and column. Float32 sums inside a chunk of 32 rows, then the accumulator's own precision.
/// </summary>
public static class RankUpdateKernels
{
    /// <summary>The spectral Fisher of a block of sequences: h += ḡᵀḡ. g: rows × n float32, h: n × n float64.</summary>
    public static void Fisher(ArrayView<float> g, ArrayView<double> h, int rows, int n) =>
        Update(new SingleRows { Data = g }, new DoubleSum { Data = h }, rows, n);

    /// <summary>h += xᵀx from bf16 or fp16, float32 sums. x: rows × n.</summary>
    public static void GramSingle(ArrayView<ushort> x, int type, ArrayView<float> h, int rows, int n) =>
        Update(new SixteenBitRows { Data = x, Type = type }, new SingleSum { Data = h }, rows, n);

    /// <summary>h += xᵀx from bf16 or fp16, float64 sums across chunks. x: rows × n.</summary>
    public static void GramDouble(ArrayView<ushort> x, int type, ArrayView<double> h, int rows, int n) =>
        Update(new SixteenBitRows { Data = x, Type = type }, new DoubleSum { Data = h }, rows, n);

    /// <summary>
    /// h(i, j) += block[i, j] for j ≤ i: the float32 product of a block of rows into float64 sums, which are packed by rows, number (i, j)
    /// at i(i + 1)/2 + j. Launch (n, ⌈n/g⌉), g threads. 12 bytes read, 8 written per number of the triangle: memory bound.
    /// </summary>
    public static void AddLowerTriangle(ArrayView<float> block, ArrayView<double> h, int n)
    {
        int i = Grid.IdxX,
            j = Grid.IdxY * Group.DimX + Group.IdxX;
        if (j <= i)
            h[(long)i * (i + 1) / 2 + j] += block[(long)i * n + j];
    }

    private interface IRows
    {
        float At(long index);
    }

    private interface ISum
    {
        void Add(long index, double value);
    }

    private struct SingleRows : IRows
    {
        public ArrayView<float> Data;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly float At(long index) => Data[index];
    }

    private struct SixteenBitRows : IRows
    {
        public ArrayView<ushort> Data;
        public int Type;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly float At(long index) => SixteenBit.From(Data[index], Type);
    }

    private struct DoubleSum : ISum
    {
        public ArrayView<double> Data;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Add(long index, double value) => Data[index] += value;
    }

    private struct SingleSum : ISum
    {
        public ArrayView<float> Data;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Add(long index, double value) => Data[index] += (float)value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Update<TRows, TSum>(TRows x, TSum h, int rows, int n)
        where TRows : struct, IRows
        where TSum : struct, ISum
    {
        var chunkA = SharedMemory.Allocate<Float4>(SharedTile.Depth * SharedTile.Stride / 4);
        var chunkB = SharedMemory.Allocate<Float4>(SharedTile.Depth * SharedTile.Stride / 4);
        if (Grid.IdxX > Grid.IdxY)
            return;
        int size = 4 * Group.DimX,
            firstRow = Grid.IdxY * size,
            firstColumn = Grid.IdxX * size;
        int i = firstRow + Group.IdxY * 4,
            j = firstColumn + Group.IdxX * 4;
        for (int r = 0; r < rows; r += SharedTile.Depth)
        {
            Stage(x, r, firstRow, rows, n, chunkA.Cast<float>());
            Stage(x, r, firstColumn, rows, n, chunkB.Cast<float>());
            Group.Barrier();
            Tile4 sum = default;
            for (int k = 0; k < SharedTile.Depth; k++)
                sum = sum.AddOuter(SharedTile.Load4(chunkA, k, Group.IdxY * 4), SharedTile.Load4(chunkB, k, Group.IdxX * 4));
            AddRow(h, sum.R0, i, j, n);
            AddRow(h, sum.R1, i + 1, j, n);
            AddRow(h, sum.R2, i + 2, j, n);
            AddRow(h, sum.R3, i + 3, j, n);
            Group.Barrier();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Stage<TRows>(TRows x, int firstRow, int firstColumn, int rows, int n, ArrayView<float> tile)
        where TRows : struct, IRows
    {
        int size = 4 * Group.DimX,
            threads = Group.DimX * Group.DimY;
        for (int e = Group.IdxY * Group.DimX + Group.IdxX; e < size * SharedTile.Depth; e += threads)
        {
            int k = e / size,
                c = e - k * size,
                row = firstRow + k,
                column = firstColumn + c;
            tile[k * SharedTile.Stride + c] = row < rows && column < n ? x.At((long)row * n + column) : 0f;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRow<TSum>(TSum h, Float4 v, int i, int j, int n)
        where TSum : struct, ISum
    {
        if (i >= n)
            return;
        long at = (long)i * n + j;
        if (j <= i)
            h.Add(at, v.X);
        if (j + 1 <= i)
            h.Add(at + 1, v.Y);
        if (j + 2 <= i)
            h.Add(at + 2, v.Z);
        if (j + 3 <= i)
            h.Add(at + 3, v.W);
    }
}
