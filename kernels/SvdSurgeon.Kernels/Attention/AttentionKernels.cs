using System.Runtime.CompilerServices;
using ILGPU;

namespace SvdSurgeon.Kernels.Attention;

/// <summary>
/// Causal attention, forward, in tiles with online softmax: no T × T matrix anywhere. Grouped queries (heads/keyValueHeads query heads read
/// one key head), sliding window, more keys than queries (generation with a cache).
/// </summary>
public static class AttentionKernels
{
    /// <summary>
    /// y = softmax(q kᵀ/√d + mask) v for each head; logSumExp[row, head] is kept for the backward pass. q, y: B·Tq × heads·d; k, v: B·Tk ×
    /// kvHeads·d. One group per tile of 64 queries of a head: launch (⌈Tq/4n⌉, B·heads, ⌈d/8n⌉), n × n threads (n = 16 on a GPU); the z
    /// axis splits the columns of y where d is above 8n. Shared memory 34 KB: two chunks and the tile of probabilities. Reads q once per
    /// key tile and k, v once per query tile, from cache; 4·Tq·Tk·d FLOPs per head without mask, half of it causal: bound by arithmetic.
    /// </summary>
    public static void Forward(
        ArrayView<float> q,
        ArrayView<float> k,
        ArrayView<float> v,
        ArrayView<float> y,
        ArrayView<float> logSumExp,
        AttentionSizes s
    )
    {
        var chunkA = SharedMemory.Allocate<Float4>(SharedTile.Depth * SharedTile.Stride / 4);
        var chunkB = SharedMemory.Allocate<Float4>(SharedTile.Depth * SharedTile.Stride / 4);
        var tile = SharedMemory.Allocate<Float4>(SharedTile.Size * SharedTile.Stride / 4);
        int size = 4 * Group.DimX;
        int sequence = Grid.IdxY / s.Heads,
            head = Grid.IdxY % s.Heads,
            keyHead = head / (s.Heads / s.KeyValueHeads);
        var queries = new HeadRows(q, sequence, s.QueryLength, s.Heads, head, s.HeadDim);
        var keys = new HeadRows(k, sequence, s.KeyLength, s.KeyValueHeads, keyHead, s.HeadDim);
        var values = new HeadRows(v, sequence, s.KeyLength, s.KeyValueHeads, keyHead, s.HeadDim);
        var output = new HeadRows(y, sequence, s.QueryLength, s.Heads, head, s.HeadDim);

        // Late queries see most keys: start them first.
        int firstQuery = (Grid.DimX - 1 - Grid.IdxX) * size,
            firstColumn = Grid.IdxZ * 8 * Group.DimX;
        int position = s.KeyLength - s.QueryLength + firstQuery;
        int myPosition = position + Group.IdxY * 4,
            myKey = Group.IdxX * 4;
        int lastKey = IntrinsicMath.Min(s.KeyLength, position + size);
        int firstKey = s.Window == 0 ? 0 : IntrinsicMath.Max(0, position - s.Window + 1) / size * size;

        WideTile sum = default;
        var max = new Float4(float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity);
        Float4 total = default;
        for (int key = firstKey; key < lastKey; key += size)
        {
            var p = AttentionTiles.Scores(queries, firstQuery, keys, key, s.HeadDim, chunkA, chunkB);
            p.R0 = Mask(p.R0, myPosition, key + myKey, s);
            p.R1 = Mask(p.R1, myPosition + 1, key + myKey, s);
            p.R2 = Mask(p.R2, myPosition + 2, key + myKey, s);
            p.R3 = Mask(p.R3, myPosition + 3, key + myKey, s);
            var next = new Float4(RowMax(p.R0, max.X), RowMax(p.R1, max.Y), RowMax(p.R2, max.Z), RowMax(p.R3, max.W));
            var shrink = new Float4(Weight(max.X, next.X), Weight(max.Y, next.Y), Weight(max.Z, next.Z), Weight(max.W, next.W));
            p.R0 = Weights(p.R0, next.X);
            p.R1 = Weights(p.R1, next.Y);
            p.R2 = Weights(p.R2, next.Z);
            p.R3 = Weights(p.R3, next.W);
            total = new Float4(
                total.X * shrink.X + RowSum(p.R0),
                total.Y * shrink.Y + RowSum(p.R1),
                total.Z * shrink.Z + RowSum(p.R2),
                total.W * shrink.W + RowSum(p.R3)
            );
            max = next;
            AttentionTiles.StoreTransposed(p, tile);
            sum.Left = sum.Left.ScaleRows(shrink);
            sum.Right = sum.Right.ScaleRows(shrink);
            sum = AttentionTiles.AddProduct(sum, tile, values, key, firstColumn, s.HeadDim, chunkB);
        }

        var inverse = new Float4(1f / total.X, 1f / total.Y, 1f / total.Z, 1f / total.W);
        sum.Left = sum.Left.ScaleRows(inverse);
        sum.Right = sum.Right.ScaleRows(inverse);
        AttentionTiles.Store(sum, output, firstQuery, firstColumn, s.HeadDim);
        if (Group.IdxX == 0 && Grid.IdxZ == 0)
        {
            int row = firstQuery + Group.IdxY * 4;
            long at = ((long)sequence * s.QueryLength + row) * s.Heads + head;
            if (row < s.QueryLength)
                logSumExp[at] = max.X + KernelMath.Log(total.X);
            if (row + 1 < s.QueryLength)
                logSumExp[at + s.Heads] = max.Y + KernelMath.Log(total.Y);
            if (row + 2 < s.QueryLength)
                logSumExp[at + 2 * s.Heads] = max.Z + KernelMath.Log(total.Z);
            if (row + 3 < s.QueryLength)
                logSumExp[at + 3 * s.Heads] = max.W + KernelMath.Log(total.W);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float4 Mask(Float4 score, int query, int key, AttentionSizes s) =>
        new(
            s.Sees(query, key) ? s.Score(score.X) : float.NegativeInfinity,
            s.Sees(query, key + 1) ? s.Score(score.Y) : float.NegativeInfinity,
            s.Sees(query, key + 2) ? s.Score(score.Z) : float.NegativeInfinity,
            s.Sees(query, key + 3) ? s.Score(score.W) : float.NegativeInfinity
        );

    // A row that has not seen a key yet has the maximum −∞, and −∞ − −∞ must be weight 0, not NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Weight(float score, float max) => score == float.NegativeInfinity ? 0f : KernelMath.Exp(score - max);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float4 Weights(Float4 score, float max) =>
        new(Weight(score.X, max), Weight(score.Y, max), Weight(score.Z, max), Weight(score.W, max));

    // The threads of one row are neighbours inside a warp.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float RowMax(Float4 score, float max)
    {
        float m = IntrinsicMath.Max(IntrinsicMath.Max(score.X, score.Y), IntrinsicMath.Max(score.Z, score.W));
        for (int offset = Group.DimX / 2; offset > 0; offset /= 2)
            m = IntrinsicMath.Max(m, Warp.ShuffleXor(m, offset));
        return IntrinsicMath.Max(m, max);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float RowSum(Float4 p)
    {
        float sum = p.X + p.Y + (p.Z + p.W);
        for (int offset = Group.DimX / 2; offset > 0; offset /= 2)
            sum += Warp.ShuffleXor(sum, offset);
        return sum;
    }
}
