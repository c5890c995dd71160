using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.ScanReduceOperations;

namespace SvdSurgeon.Kernels.Attention;

/// <summary>
/// Causal attention, backward. With P = exp(s − logSumExp) recomputed a tile at a time, δ = Σ_c dy ∘ y, dP = dy vᵀ and dS = P ∘ (dP − δ) ∘
/// ∂s/∂(q·k): dq = dS k, dk = dSᵀ q, dv = Pᵀ dy. One kernel writes dq a query tile at a time, another dk and dv a key tile at a time:
/// nothing is added atomically, so runs repeat to the bit. Shapes, launch and shared memory as in the forward kernel.
/// </summary>
public static class AttentionBackwardKernels
{
    /// <summary>
    /// δ[row, head] = Σ_c dy[row, head, c] y[row, head, c]. Launch (B·Tq·heads), one warp. No shared memory. Reads 8 bytes per number, 2
    /// FLOPs: memory bound.
    /// </summary>
    public static void Delta(ArrayView<float> dy, ArrayView<float> y, ArrayView<float> delta, int headDim)
    {
        long start = (long)Grid.IdxX * headDim;
        float sum = 0;
        for (int c = Group.IdxX; c < headDim; c += Group.DimX)
            sum += dy[start + c] * y[start + c];
        sum = WarpExtensions.AllReduce<float, AddFloat>(sum);
        if (Group.IdxX == 0)
            delta[Grid.IdxX] = sum;
    }

    /// <summary>dq, a tile of queries per group: launch (⌈Tq/4n⌉, B·heads, ⌈d/8n⌉), n × n. 6·Tq·Tk·d FLOPs per head without mask, half of
    /// it causal; reads q and dy once per key tile, k and v once per query tile, from cache, and writes 4·Tq·d bytes per head: bound by
    /// arithmetic. Shared memory 34 KB.</summary>
    public static void Query(
        ArrayView<float> q,
        ArrayView<float> k,
        ArrayView<float> v,
        ArrayView<float> dy,
        ArrayView<float> logSumExp,
        ArrayView<float> delta,
        ArrayView<float> dq,
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
        var gradients = new HeadRows(dy, sequence, s.QueryLength, s.Heads, head, s.HeadDim);
        var output = new HeadRows(dq, sequence, s.QueryLength, s.Heads, head, s.HeadDim);

        int firstQuery = (Grid.DimX - 1 - Grid.IdxX) * size,
            firstColumn = Grid.IdxZ * 8 * Group.DimX;
        int position = s.KeyLength - s.QueryLength + firstQuery;
        int myQuery = firstQuery + Group.IdxY * 4,
            myPosition = position + Group.IdxY * 4,
            myKey = Group.IdxX * 4;
        int lastKey = IntrinsicMath.Min(s.KeyLength, position + size);
        int firstKey = s.Window == 0 ? 0 : IntrinsicMath.Max(0, position - s.Window + 1) / size * size;
        var lse = Four(logSumExp, sequence, myQuery, head, s);
        var d = Four(delta, sequence, myQuery, head, s);

        WideTile sum = default;
        for (int key = firstKey; key < lastKey; key += size)
        {
            var p = AttentionTiles.Scores(queries, firstQuery, keys, key, s.HeadDim, chunkA, chunkB);
            var g = AttentionTiles.Scores(gradients, firstQuery, values, key, s.HeadDim, chunkA, chunkB);
            g.R0 = RowGradient(p.R0, g.R0, lse.X, d.X, myPosition, key + myKey, s);
            g.R1 = RowGradient(p.R1, g.R1, lse.Y, d.Y, myPosition + 1, key + myKey, s);
            g.R2 = RowGradient(p.R2, g.R2, lse.Z, d.Z, myPosition + 2, key + myKey, s);
            g.R3 = RowGradient(p.R3, g.R3, lse.W, d.W, myPosition + 3, key + myKey, s);
            AttentionTiles.StoreTransposed(g, tile);
            sum = AttentionTiles.AddProduct(sum, tile, keys, key, firstColumn, s.HeadDim, chunkB);
        }
        AttentionTiles.Store(sum, output, firstQuery, firstColumn, s.HeadDim);
    }

    /// <summary>
    /// dk and dv, a tile of keys per group, summed over the query heads that share the key head: launch (⌈Tk/4n⌉, B·kvHeads, ⌈d/8n⌉), n ×
    /// n. 8·Tq·Tk·d FLOPs per query head without mask, half of it causal; reads as in Query, writes 8·Tk·d bytes per key head. Shared
    /// memory 34 KB.
    /// </summary>
    public static void KeyValue(
        ArrayView<float> q,
        ArrayView<float> k,
        ArrayView<float> v,
        ArrayView<float> dy,
        ArrayView<float> logSumExp,
        ArrayView<float> delta,
        ArrayView<float> dk,
        ArrayView<float> dv,
        AttentionSizes s
    )
    {
        var chunkA = SharedMemory.Allocate<Float4>(SharedTile.Depth * SharedTile.Stride / 4);
        var chunkB = SharedMemory.Allocate<Float4>(SharedTile.Depth * SharedTile.Stride / 4);
        var tile = SharedMemory.Allocate<Float4>(SharedTile.Size * SharedTile.Stride / 4);
        int size = 4 * Group.DimX,
            share = s.Heads / s.KeyValueHeads;
        int sequence = Grid.IdxY / s.KeyValueHeads,
            keyHead = Grid.IdxY % s.KeyValueHeads;
        var keys = new HeadRows(k, sequence, s.KeyLength, s.KeyValueHeads, keyHead, s.HeadDim);
        var values = new HeadRows(v, sequence, s.KeyLength, s.KeyValueHeads, keyHead, s.HeadDim);

        int firstKey = Grid.IdxX * size,
            firstColumn = Grid.IdxZ * 8 * Group.DimX,
            before = s.KeyLength - s.QueryLength;
        int myKey = firstKey + Group.IdxY * 4;
        int firstQuery = IntrinsicMath.Max(0, firstKey - before) / size * size;
        int lastQuery = s.Window == 0 ? s.QueryLength : IntrinsicMath.Min(s.QueryLength, firstKey + size - 1 + s.Window - before);

        WideTile keySum = default,
            valueSum = default;
        for (int head = keyHead * share; head < (keyHead + 1) * share; head++)
        {
            var queries = new HeadRows(q, sequence, s.QueryLength, s.Heads, head, s.HeadDim);
            var gradients = new HeadRows(dy, sequence, s.QueryLength, s.Heads, head, s.HeadDim);
            for (int query = firstQuery; query < lastQuery; query += size)
            {
                int myQuery = query + Group.IdxX * 4;
                var lse = Four(logSumExp, sequence, myQuery, head, s);
                var d = Four(delta, sequence, myQuery, head, s);
                var p = AttentionTiles.Scores(keys, firstKey, queries, query, s.HeadDim, chunkA, chunkB);
                p.R0 = Probabilities(p.R0, lse, before + myQuery, myKey, s);
                p.R1 = Probabilities(p.R1, lse, before + myQuery, myKey + 1, s);
                p.R2 = Probabilities(p.R2, lse, before + myQuery, myKey + 2, s);
                p.R3 = Probabilities(p.R3, lse, before + myQuery, myKey + 3, s);
                AttentionTiles.StoreTransposed(p, tile);
                valueSum = AttentionTiles.AddProduct(valueSum, tile, gradients, query, firstColumn, s.HeadDim, chunkB);
                var g = AttentionTiles.Scores(values, firstKey, gradients, query, s.HeadDim, chunkA, chunkB);
                g.R0 = ScoreGradient(p.R0, g.R0, d, lse, s);
                g.R1 = ScoreGradient(p.R1, g.R1, d, lse, s);
                g.R2 = ScoreGradient(p.R2, g.R2, d, lse, s);
                g.R3 = ScoreGradient(p.R3, g.R3, d, lse, s);
                AttentionTiles.StoreTransposed(g, tile);
                keySum = AttentionTiles.AddProduct(keySum, tile, queries, query, firstColumn, s.HeadDim, chunkB);
            }
        }
        AttentionTiles.Store(
            keySum,
            new HeadRows(dk, sequence, s.KeyLength, s.KeyValueHeads, keyHead, s.HeadDim),
            firstKey,
            firstColumn,
            s.HeadDim
        );
        AttentionTiles.Store(
            valueSum,
            new HeadRows(dv, sequence, s.KeyLength, s.KeyValueHeads, keyHead, s.HeadDim),
            firstKey,
            firstColumn,
            s.HeadDim
        );
    }

    // Numbers of four neighbouring queries of a head.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float4 Four(ArrayView<float> x, int sequence, int query, int head, AttentionSizes s)
    {
        long at = ((long)sequence * s.QueryLength + query) * s.Heads + head;
        return new Float4(
            query < s.QueryLength ? x[at] : 0f,
            query + 1 < s.QueryLength ? x[at + s.Heads] : 0f,
            query + 2 < s.QueryLength ? x[at + 2 * s.Heads] : 0f,
            query + 3 < s.QueryLength ? x[at + 3 * s.Heads] : 0f
        );
    }

    // Rows are queries, columns are keys.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float4 RowGradient(Float4 product, Float4 dp, float lse, float delta, int query, int key, AttentionSizes s) =>
        new(
            s.Sees(query, key) ? ScoreGradient(s.Score(product.X), dp.X, lse, delta, s) : 0f,
            s.Sees(query, key + 1) ? ScoreGradient(s.Score(product.Y), dp.Y, lse, delta, s) : 0f,
            s.Sees(query, key + 2) ? ScoreGradient(s.Score(product.Z), dp.Z, lse, delta, s) : 0f,
            s.Sees(query, key + 3) ? ScoreGradient(s.Score(product.W), dp.W, lse, delta, s) : 0f
        );

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float ScoreGradient(float score, float dp, float lse, float delta, AttentionSizes s) =>
        KernelMath.Exp(score - lse) * (dp - delta) * s.Slope(score);

    // Rows are keys, columns are queries.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float4 Probabilities(Float4 product, Float4 lse, int query, int key, AttentionSizes s) =>
        new(
            s.Sees(query, key) && query < s.KeyLength ? KernelMath.Exp(s.Score(product.X) - lse.X) : 0f,
            s.Sees(query + 1, key) && query + 1 < s.KeyLength ? KernelMath.Exp(s.Score(product.Y) - lse.Y) : 0f,
            s.Sees(query + 2, key) && query + 2 < s.KeyLength ? KernelMath.Exp(s.Score(product.Z) - lse.Z) : 0f,
            s.Sees(query + 3, key) && query + 3 < s.KeyLength ? KernelMath.Exp(s.Score(product.W) - lse.W) : 0f
        );

    // The score is found again from its probability: only the slope of a soft cap needs it, and where p is 0 it does not matter.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float4 ScoreGradient(Float4 p, Float4 dp, Float4 delta, Float4 lse, AttentionSizes s) =>
        new(
            p.X * (dp.X - delta.X) * Slope(p.X, lse.X, s),
            p.Y * (dp.Y - delta.Y) * Slope(p.Y, lse.Y, s),
            p.Z * (dp.Z - delta.Z) * Slope(p.Z, lse.Z, s),
            p.W * (dp.W - delta.W) * Slope(p.W, lse.W, s)
        );

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Slope(float p, float lse, AttentionSizes s) => s.SoftCap == 0f ? s.Scale : s.Slope(lse + KernelMath.Log(p));
}
