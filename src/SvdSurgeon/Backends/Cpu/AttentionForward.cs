using System.Numerics;
using System.Runtime.CompilerServices;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>
/// Causal attention in blocks of 64 queries and 64 keys with online softmax: a work item is one block of queries of one head, and holds
/// nothing larger than a block. Keys (transposed) and values are packed once and shared by the query heads of a group.
/// </summary>
internal sealed unsafe class AttentionForward(ThreadTeam team, MemoryPool pool, AttentionShape shape)
{
    /// <summary>Queries and keys a block.</summary>
    public const int Block = 64;

    // Below this many queries packing the keys would cost more than the attention itself.
    private const int FewQueries = 8;

    private readonly int _paddedDim = PaddedDim(shape.HeadDim);
    private readonly int _keyBlocks = (shape.KeyLength + Block - 1) / Block;
    private readonly float _scale = shape.Scale;
    private readonly int _group = shape.Heads / shape.KeyValueHeads;

    /// <summary>A head's width rounded up to whole vectors.</summary>
    public static int PaddedDim(int headDim) => (headDim + SmallProduct.Lanes - 1) / SmallProduct.Lanes * SmallProduct.Lanes;

    public void Run(float* q, float* k, float* v, float* y, float* logSumExp)
    {
        if (shape.QueryLength < FewQueries)
        {
            team.Run(shape.Sequences * shape.Heads * shape.QueryLength, item => OneQuery(item, q, k, v, y, logSumExp));
            return;
        }
        int d = shape.HeadDim,
            blocks = shape.Sequences * shape.KeyValueHeads * _keyBlocks;
        using var keys = new CpuTensor(pool, blocks, d * Block);
        using var values = new CpuTensor(pool, blocks, Block * _paddedDim);
        team.Run(
            blocks,
            block =>
            {
                int keyBlock = block % _keyBlocks,
                    head = block / _keyBlocks % shape.KeyValueHeads,
                    sequence = block / _keyBlocks / shape.KeyValueHeads;
                int count = Math.Min(Block, shape.KeyLength - keyBlock * Block),
                    stride = shape.KeyValueHeads * d;
                long at = ((long)sequence * shape.KeyLength + keyBlock * Block) * stride + head * d;
                PackTransposed(k + at, stride, count, d, keys.Pointer + (long)block * d * Block);
                Pack(v + at, stride, count, d, 1, values.Pointer + (long)block * Block * _paddedDim, _paddedDim);
            }
        );
        int queryBlocks = (shape.QueryLength + Block - 1) / Block;
        team.Run(
            shape.Sequences * shape.Heads * queryBlocks,
            item => QueryBlock(item / queryBlocks, item % queryBlocks, q, keys.Pointer, values.Pointer, y, logSumExp)
        );
    }

    private void QueryBlock(int sequenceHead, int queryBlock, float* q, float* keys, float* values, float* y, float* logSumExp)
    {
        int d = shape.HeadDim,
            padded = _paddedDim,
            sequence = sequenceHead / shape.Heads,
            head = sequenceHead % shape.Heads;
        int rows = Math.Min(Block, shape.QueryLength - queryBlock * Block),
            stride = shape.Heads * d;
        long firstRow = (long)sequence * shape.QueryLength + queryBlock * Block;
        int position = shape.KeyLength - shape.QueryLength + queryBlock * Block;

        using var scratch = new CpuTensor(pool, Block, 2 * padded + Block);
        float* queries = scratch.Pointer,
            output = queries + Block * padded,
            scores = output + Block * padded;
        float* max = stackalloc float[Block],
            sum = stackalloc float[Block];
        Pack(q + firstRow * stride + head * d, stride, rows, d, _scale, queries, padded);
        new Span<float>(output, rows * padded).Clear();
        for (int i = 0; i < rows; i++)
            (max[i], sum[i]) = (float.NegativeInfinity, 0);

        int firstKey = shape.Window > 0 ? Math.Max(0, position - shape.Window + 1) : 0;
        long packedHead = ((long)sequence * shape.KeyValueHeads + head / _group) * _keyBlocks;
        for (int keyBlock = firstKey / Block; keyBlock * Block < position + rows; keyBlock++)
        {
            SmallProduct.Multiply(
                queries,
                padded,
                1,
                keys + (packedHead + keyBlock) * d * Block,
                Block,
                scores,
                Block,
                rows,
                Block,
                d,
                false
            );
            if (shape.SoftCap > 0)
                SoftCapKernels.Apply(scores, null, shape.SoftCap, rows * Block);
            for (int i = 0; i < rows; i++)
            {
                var (first, end) = VisibleKeys(position + i, keyBlock * Block, shape.Window);
                float scale = SoftmaxStep(scores + i * Block, first, end, ref max[i], ref sum[i]);
                if (scale != 1)
                    VectorMath.Scale(output + i * padded, scale, output + i * padded, padded);
            }
            int count = Math.Min(Block, shape.KeyLength - keyBlock * Block);
            SmallProduct.Multiply(
                scores,
                Block,
                1,
                values + (packedHead + keyBlock) * Block * padded,
                padded,
                output,
                padded,
                rows,
                padded,
                count,
                true
            );
        }
        for (int i = 0; i < rows; i++)
        {
            VectorMath.Scale(output + i * padded, 1 / sum[i], y + (firstRow + i) * stride + head * d, d);
            logSumExp[(firstRow + i) * shape.Heads + head] = max[i] + MathF.Log(sum[i]);
        }
    }

    /// <summary>
    /// Which of the 64 keys from <paramref name="firstKey"/> a query at <paramref name="position"/> sees, as [first, end).
    /// </summary>
    public static (int First, int End) VisibleKeys(int position, int firstKey, int window)
    {
        int first = window > 0 ? Math.Clamp(position - window + 1 - firstKey, 0, Block) : 0;
        return (first, Math.Clamp(position + 1 - firstKey, 0, Block));
    }

    // scores ← exp(scores − max), unseen keys 0; returns what the earlier output and sum must be scaled by.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float SoftmaxStep(float* scores, int first, int end, ref float max, ref float sum)
    {
        if (first >= end)
        {
            new Span<float>(scores, Block).Clear();
            return 1;
        }
        new Span<float>(scores, first).Fill(float.NegativeInfinity);
        new Span<float>(scores + end, Block - end).Fill(float.NegativeInfinity);
        float newMax = Math.Max(max, VectorMath.Max(scores, Block));
        float scale = newMax == max ? 1 : MathF.Exp(max - newMax);
        var shift = Vector.Create(newMax);
        var total = Vector<float>.Zero;
        for (int j = 0; j < Block; j += VectorMath.Lanes)
        {
            var p = VectorMath.Exp(Vector.Load(scores + j) - shift);
            total += p;
            p.Store(scores + j);
        }
        sum = sum * scale + Vector.Sum(total);
        max = newMax;
        return scale;
    }

    // A single position against the cache: dot products and weighted sums, no packing.
    private void OneQuery(int item, float* q, float* k, float* v, float* y, float* logSumExp)
    {
        int d = shape.HeadDim,
            head = item % shape.Heads,
            row = item / shape.Heads,
            sequence = row / shape.QueryLength;
        int position = shape.KeyLength - shape.QueryLength + row % shape.QueryLength;
        int firstKey = shape.Window > 0 ? Math.Max(0, position - shape.Window + 1) : 0,
            count = position + 1 - firstKey;
        int stride = shape.KeyValueHeads * d;
        long at = ((long)sequence * shape.KeyLength + firstKey) * stride + head / _group * d;
        float* query = q + ((long)row * shape.Heads + head) * d,
            output = y + ((long)row * shape.Heads + head) * d;
        using var scratch = new CpuTensor(pool, 1, count);
        float* scores = scratch.Pointer;
        for (int j = 0; j < count; j++)
            scores[j] = VectorMath.Dot(query, k + at + (long)j * stride, d) * _scale;
        if (shape.SoftCap > 0)
            SoftCapKernels.Apply(scores, null, shape.SoftCap, count);
        float max = VectorMath.Max(scores, count),
            sum = 0;
        new Span<float>(output, d).Clear();
        for (int j = 0; j < count; j++)
        {
            float p = MathF.Exp(scores[j] - max);
            sum += p;
            VectorMath.AddScaled(v + at + (long)j * stride, p, output, d);
        }
        VectorMath.Scale(output, 1 / sum, output, d);
        logSumExp[(long)row * shape.Heads + head] = max + MathF.Log(sum);
    }

    /// <summary>Rows of d numbers × scale, into rows of <paramref name="padded"/> that end in zeros.</summary>
    public static void Pack(float* source, int stride, int rows, int d, float scale, float* destination, int padded)
    {
        for (int i = 0; i < rows; i++)
        {
            float* to = destination + (long)i * padded;
            VectorMath.Scale(source + (long)i * stride, scale, to, d);
            new Span<float>(to + d, padded - d).Clear();
        }
    }

    /// <summary>destination[l, i] = source[i, l]: d rows of 64, zeros where there are fewer than 64 keys.</summary>
    public static void PackTransposed(float* source, int stride, int rows, int d, float* destination)
    {
        for (int l = 0; l < d; l++)
        {
            float* to = destination + l * Block;
            for (int i = 0; i < rows; i++)
                to[i] = source[(long)i * stride + l];
            for (int i = rows; i < Block; i++)
                to[i] = 0;
        }
    }
}
