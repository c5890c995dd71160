using System.Numerics;
using System.Runtime.CompilerServices;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>
/// Gradients of causal attention. A work item is one query head of one sequence; it recomputes the probabilities block by block from
/// the kept log-sum-exp. With grouped heads each query head writes its own key and value gradients, which are then added in a fixed order.
/// </summary>
/// <remarks>
/// P = exp(QKᵀ/√d − lse), dV = Pᵀ dY, dP = dY Vᵀ, dS = P ∘ (dP − rowsum(dY ∘ Y)), dQ = dS K/√d, dK = dSᵀ Q/√d; with a soft cap dS is
/// multiplied by its slope.
/// </remarks>
internal sealed unsafe class AttentionBackward(ThreadTeam team, MemoryPool pool, AttentionShape shape)
{
    private const int Block = AttentionForward.Block;

    private readonly int _padded = AttentionForward.PaddedDim(shape.HeadDim);
    private readonly float _scale = shape.Scale;
    private readonly int _group = shape.Heads / shape.KeyValueHeads;

    public void Run(float* q, float* k, float* v, float* y, float* logSumExp, float* dy, float* dq, float* dk, float* dv)
    {
        int items = shape.Sequences * shape.Heads;
        if (_group == 1)
        {
            team.Run(items, item => Head(item, q, k, v, y, logSumExp, dy, dq, dk, dv));
            return;
        }
        int keyRows = shape.Sequences * shape.KeyLength;
        using var headKeys = new CpuTensor(pool, keyRows, shape.Heads * shape.HeadDim);
        using var headValues = new CpuTensor(pool, keyRows, shape.Heads * shape.HeadDim);
        team.Run(items, item => Head(item, q, k, v, y, logSumExp, dy, dq, headKeys.Pointer, headValues.Pointer));
        ElementwiseLoop.RunRows(
            team,
            keyRows,
            headKeys.Columns,
            (first, count) =>
            {
                SumGroups(headKeys.Pointer, dk, first, count);
                SumGroups(headValues.Pointer, dv, first, count);
            }
        );
    }

    private void SumGroups(float* perHead, float* grouped, int firstRow, int rows)
    {
        int d = shape.HeadDim;
        for (long row = firstRow; row < firstRow + rows; row++)
        for (int head = 0; head < shape.KeyValueHeads; head++)
        {
            float* from = perHead + (row * shape.Heads + (long)head * _group) * d,
                to = grouped + (row * shape.KeyValueHeads + head) * d;
            new Span<float>(from, d).CopyTo(new Span<float>(to, d));
            for (int member = 1; member < _group; member++)
                VectorMath.AddScaled(from + member * d, 1, to, d);
        }
    }

    private void Head(
        int item,
        float* q,
        float* k,
        float* v,
        float* y,
        float* logSumExp,
        float* dy,
        float* dq,
        float* dkHead,
        float* dvHead
    )
    {
        int d = shape.HeadDim,
            padded = _padded,
            sequence = item / shape.Heads,
            head = item % shape.Heads;
        int queries = shape.QueryLength,
            keyLength = shape.KeyLength,
            stride = shape.Heads * d,
            keyStride = shape.KeyValueHeads * d;
        long queryAt = (long)sequence * queries * stride + head * d,
            keyAt = (long)sequence * keyLength * keyStride + head / _group * d;

        using var sequenceScratch = new CpuTensor(pool, queries, 3 * padded + 2);
        float* scaledQ = sequenceScratch.Pointer,
            gradY = scaledQ + (long)queries * padded,
            gradQ = gradY + (long)queries * padded;
        float* delta = gradQ + (long)queries * padded,
            lse = delta + queries;
        AttentionForward.Pack(q + queryAt, stride, queries, d, _scale, scaledQ, padded);
        AttentionForward.Pack(dy + queryAt, stride, queries, d, 1, gradY, padded);
        new Span<float>(gradQ, queries * padded).Clear();
        for (int i = 0; i < queries; i++)
        {
            delta[i] = VectorMath.Dot(dy + queryAt + (long)i * stride, y + queryAt + (long)i * stride, d);
            lse[i] = logSumExp[((long)sequence * queries + i) * shape.Heads + head];
        }

        using var blockScratch = new CpuTensor(pool, Block, 5 * padded + 3 * Block);
        float* keys = blockScratch.Pointer,
            keysT = keys + Block * padded,
            valuesT = keysT + Block * padded,
            gradK = valuesT + Block * padded,
            gradV = gradK + Block * padded;
        float* p = gradV + Block * padded,
            dS = p + Block * Block,
            slope = dS + Block * Block;
        for (int firstKey = 0; firstKey < keyLength; firstKey += Block)
        {
            int count = Math.Min(Block, keyLength - firstKey);
            long at = keyAt + (long)firstKey * keyStride;
            AttentionForward.Pack(k + at, keyStride, count, d, 1, keys, padded);
            AttentionForward.PackTransposed(k + at, keyStride, count, d, keysT);
            AttentionForward.PackTransposed(v + at, keyStride, count, d, valuesT);
            new Span<float>(gradK, 2 * Block * padded).Clear();
            for (int first = 0; first < queries; first += Block)
            {
                int rows = Math.Min(Block, queries - first),
                    position = keyLength - queries + first;
                if (position + rows <= firstKey || (shape.Window > 0 && position - shape.Window + 1 >= firstKey + count))
                    continue;
                float* queryBlock = scaledQ + (long)first * padded,
                    gradBlock = gradY + (long)first * padded;
                SmallProduct.Multiply(queryBlock, padded, 1, keysT, Block, p, Block, rows, Block, d, false);
                SmallProduct.Multiply(gradBlock, padded, 1, valuesT, Block, dS, Block, rows, Block, d, false);
                if (shape.SoftCap > 0)
                    SoftCapKernels.Apply(p, slope, shape.SoftCap, rows * Block);
                for (int i = 0; i < rows; i++)
                {
                    var (visible, end) = AttentionForward.VisibleKeys(position + i, firstKey, shape.Window);
                    Probabilities(p + i * Block, dS + i * Block, visible, end, lse[first + i], delta[first + i]);
                }
                if (shape.SoftCap > 0)
                    Vectors.Multiply(dS, slope, dS, rows * Block);
                SmallProduct.Multiply(p, 1, Block, gradBlock, padded, gradV, padded, count, padded, rows, true);
                SmallProduct.Multiply(dS, 1, Block, queryBlock, padded, gradK, padded, count, padded, rows, true);
                SmallProduct.Multiply(dS, Block, 1, keys, padded, gradQ + (long)first * padded, padded, rows, padded, count, true);
            }
            for (int i = 0; i < count; i++)
            {
                long row = ((long)sequence * keyLength + firstKey + i) * stride + head * d;
                new Span<float>(gradK + i * padded, d).CopyTo(new Span<float>(dkHead + row, d));
                new Span<float>(gradV + i * padded, d).CopyTo(new Span<float>(dvHead + row, d));
            }
        }
        for (int i = 0; i < queries; i++)
            VectorMath.Scale(gradQ + (long)i * padded, _scale, dq + queryAt + (long)i * stride, d);
    }

    // p ← exp(p − lse), dS ← p ∘ (dP − delta); both 0 for keys that are not seen
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Probabilities(float* p, float* dS, int first, int end, float lse, float delta)
    {
        new Span<float>(p, first).Fill(float.NegativeInfinity);
        new Span<float>(p + end, Block - end).Fill(float.NegativeInfinity);
        var shift = Vector.Create(lse);
        var mean = Vector.Create(delta);
        for (int j = 0; j < Block; j += VectorMath.Lanes)
        {
            var probability = VectorMath.Exp(Vector.Load(p + j) - shift);
            probability.Store(p + j);
            (probability * (Vector.Load(dS + j) - mean)).Store(dS + j);
        }
    }
}
