using System.Runtime.CompilerServices;
using ILGPU;

namespace SvdSurgeon.Kernels.Attention;

/// <summary>
/// What the attention kernels share. A group of n × n threads (16 × 16 on a GPU) works on tiles of 4n × 4n; thread (x, y) has rows 4y…4y+3.
/// </summary>
internal static class AttentionTiles
{
    /// <summary>Rows of a slab of <see cref="AddProduct"/>; a tile is a whole number of slabs.</summary>
    private const int SlabRows = 16;

    /// <summary>
    /// Numbers from one row of a slab to the next: 128 columns and 4 more. 16 rows fill no more than a chunk of <see cref="SharedTile"/>.
    /// </summary>
    private const int SlabStride = 132;

    /// <summary>
    /// a bᵀ: thread (x, y) gets rows firstA + 4y… of a against rows firstB + 4x… of b. Both are staged through shared memory in chunks of
    /// d.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tile4 Scores(
        HeadRows a,
        int firstA,
        HeadRows b,
        int firstB,
        int headDim,
        ArrayView<Float4> chunkA,
        ArrayView<Float4> chunkB
    )
    {
        Tile4 sum = default;
        for (int d = 0; d < headDim; d += SharedTile.Depth)
        {
            StageTransposed(a, firstA, d, headDim, chunkA.Cast<float>());
            StageTransposed(b, firstB, d, headDim, chunkB.Cast<float>());
            Group.Barrier();
            for (int k = 0; k < SharedTile.Depth; k++)
                sum = sum.AddOuter(SharedTile.Load4(chunkA, k, Group.IdxY * 4), SharedTile.Load4(chunkB, k, Group.IdxX * 4));
            Group.Barrier();
        }
        return sum;
    }

    /// <summary>
    /// sum + tileᵀ m: tile is K-major in shared memory, its k is row firstRow + k of m; thread (x, y) adds to its columns from firstColumn
    /// on.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideTile AddProduct(
        WideTile sum,
        ArrayView<Float4> tile,
        HeadRows m,
        int firstRow,
        int firstColumn,
        int headDim,
        ArrayView<Float4> chunk
    )
    {
        var flat = chunk.Cast<float>();
        int columns = 8 * Group.DimX,
            thread = Group.IdxY * Group.DimX + Group.IdxX,
            threads = Group.DimX * Group.DimY;
        bool right = firstColumn + 4 * Group.DimX < headDim;
        for (int slab = 0; slab < 4 * Group.DimX; slab += SlabRows)
        {
            for (int i = thread; i < SlabRows * columns; i += threads)
            {
                int k = i / columns,
                    c = i - k * columns;
                flat[k * SlabStride + c] = m.At(firstRow + slab + k, firstColumn + c, headDim);
            }
            Group.Barrier();
            for (int k = 0; k < SlabRows; k++)
            {
                var p = SharedTile.Load4(tile, slab + k, Group.IdxY * 4);
                sum.Left = sum.Left.AddOuter(p, chunk[k * (SlabStride / 4) + Group.IdxX]);
                if (right)
                    sum.Right = sum.Right.AddOuter(p, chunk[k * (SlabStride / 4) + Group.DimX + Group.IdxX]);
            }
            Group.Barrier();
        }
        return sum;
    }

    /// <summary>Puts a thread's 4 × 4 numbers into a K-major tile whose k runs along the thread's columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreTransposed(Tile4 t, ArrayView<Float4> tile)
    {
        int at = Group.IdxX * SharedTile.Stride + Group.IdxY;
        tile[at] = new Float4(t.R0.X, t.R1.X, t.R2.X, t.R3.X);
        tile[at + SharedTile.Stride / 4] = new Float4(t.R0.Y, t.R1.Y, t.R2.Y, t.R3.Y);
        tile[at + SharedTile.Stride / 4 * 2] = new Float4(t.R0.Z, t.R1.Z, t.R2.Z, t.R3.Z);
        tile[at + SharedTile.Stride / 4 * 3] = new Float4(t.R0.W, t.R1.W, t.R2.W, t.R3.W);
    }

    /// <summary>Writes a thread's 4 × 8 numbers to rows firstRow + 4y… of m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(WideTile t, HeadRows m, int firstRow, int firstColumn, int headDim)
    {
        int row = firstRow + Group.IdxY * 4,
            left = firstColumn + Group.IdxX * 4,
            right = left + Group.DimX * 4;
        Store4(t.Left.R0, m, row, left, headDim);
        Store4(t.Left.R1, m, row + 1, left, headDim);
        Store4(t.Left.R2, m, row + 2, left, headDim);
        Store4(t.Left.R3, m, row + 3, left, headDim);
        Store4(t.Right.R0, m, row, right, headDim);
        Store4(t.Right.R1, m, row + 1, right, headDim);
        Store4(t.Right.R2, m, row + 2, right, headDim);
        Store4(t.Right.R3, m, row + 3, right, headDim);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store4(Float4 v, HeadRows m, int row, int column, int headDim)
    {
        if (row >= m.Count)
            return;
        long at = m.Start + (long)row * m.Stride + column;
        if (column < headDim)
            m.Data[at] = v.X;
        if (column + 1 < headDim)
            m.Data[at + 1] = v.Y;
        if (column + 2 < headDim)
            m.Data[at + 2] = v.Z;
        if (column + 3 < headDim)
            m.Data[at + 3] = v.W;
    }

    // Neighbouring threads read neighbouring numbers of a row; in the tile they stand a column apart.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StageTransposed(HeadRows m, int first, int d, int headDim, ArrayView<float> tile)
    {
        int thread = Group.IdxY * Group.DimX + Group.IdxX,
            threads = Group.DimX * Group.DimY;
        for (int i = thread; i < 4 * Group.DimX * SharedTile.Depth; i += threads)
        {
            int row = i / SharedTile.Depth,
                k = i % SharedTile.Depth;
            tile[k * SharedTile.Stride + row] = m.At(first + row, d + k, headDim);
        }
    }
}
