using ILGPU;

namespace SvdSurgeon.Kernels;

/// <summary>
/// What follows the logits z[T, V] of a block of tokens. One group per token: launch (T, g), g threads a whole number of warps. Shared
/// memory: two numbers per warp. Memory bound.
/// </summary>
public static class HeadKernels
{
    /// <summary>
    /// losses[t] = −log softmax(z[t])[label], 0 for a label below 0, NaN where a logit is not finite; with scale ≠ 0 the logits are
    /// overwritten by scale · (softmax − onehot), all in one launch. Reads 2 × 4TV bytes (once more from cache for the gradient), writes
    /// 4TV with the gradient; about 25TV FLOPs.
    /// </summary>
    public static void CrossEntropy(ArrayView<float> z, ArrayView<int> labels, ArrayView<double> losses, int v, float scale)
    {
        var scratch = SharedMemory.Allocate<float>(GroupReduce.MaxWarps);
        long row = (long)Grid.IdxX * v;
        int label = labels[Grid.IdxX];
        float max = RowMax(z, row, v, scratch);
        float sum = 0;
        for (int j = Group.IdxX; j < v; j += Group.DimX)
            sum += Weight(z[row + j], max);
        sum = GroupReduce.Sum(sum, scratch);
        bool finite = sum >= 1f && sum < float.PositiveInfinity && max < float.PositiveInfinity;
        if (Group.IdxX == 0)
        {
            losses[Grid.IdxX] =
                !finite ? double.NaN
                : label < 0 ? 0.0
                : (double)KernelMath.Log(sum) + ((double)max - z[row + label]);
        }
        Group.Barrier(); // thread 0 has read the label's logit
        if (scale != 0f)
        {
            float factor = label < 0 ? 0f : scale / sum;
            for (int j = Group.IdxX; j < v; j += Group.DimX)
            {
                float p = KernelMath.Exp(z[row + j] - max) * factor;
                z[row + j] = j == label ? p - scale : p;
            }
        }
    }

    /// <summary>
    /// divergences[t] = KL(softmax(p[t]) ‖ softmax(q[t])) of two blocks of logits, NaN where one is not finite. Reads 3 × 8TV bytes (twice
    /// from cache); about 50TV FLOPs; sums in double.
    /// </summary>
    public static void KullbackLeibler(ArrayView<float> p, ArrayView<float> q, ArrayView<double> divergences, int v)
    {
        var scratch = SharedMemory.Allocate<float>(GroupReduce.MaxWarps);
        var wide = SharedMemory.Allocate<double>(GroupReduce.MaxWarps);
        long row = (long)Grid.IdxX * v;
        float maxP = RowMax(p, row, v, scratch),
            maxQ = RowMax(q, row, v, scratch);
        double sumP = 0,
            sumQ = 0,
            cross = 0;
        for (int j = Group.IdxX; j < v; j += Group.DimX)
        {
            float zp = p[row + j] - maxP,
                zq = q[row + j] - maxQ;
            float e = Weight(p[row + j], maxP);
            sumP += e;
            sumQ += Weight(q[row + j], maxQ);
            cross += (double)e * (zp - zq);
        }
        sumP = GroupReduce.Sum(sumP, wide);
        sumQ = GroupReduce.Sum(sumQ, wide);
        cross = GroupReduce.Sum(cross, wide);
        if (Group.IdxX == 0)
        {
            bool finite =
                sumP >= 1
                && sumQ >= 1
                && maxP < float.PositiveInfinity
                && maxQ < float.PositiveInfinity
                && sumP < double.PositiveInfinity
                && sumQ < double.PositiveInfinity;
            divergences[Grid.IdxX] = finite
                ? cross / sumP + ((double)KernelMath.Log((float)sumQ) - KernelMath.Log((float)sumP))
                : double.NaN;
        }
    }

    // e^(z − max), and NaN for −∞ too: a logit that is not finite is an error, not a probability of 0.
    private static float Weight(float z, float max) => z > float.NegativeInfinity ? KernelMath.Exp(z - max) : float.NaN;

    // A NaN loses every comparison and would be passed over; the sum that follows finds it.
    private static float RowMax(ArrayView<float> z, long row, int v, ArrayView<float> scratch)
    {
        float max = float.NegativeInfinity;
        for (int j = Group.IdxX; j < v; j += Group.DimX)
            max = z[row + j] > max ? z[row + j] : max;
        return GroupReduce.Max(max, scratch);
    }
}
