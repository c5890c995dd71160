using ILGPU;

namespace SvdSurgeon.Kernels;

/// <summary>
/// Sums over tokens. Tokens are cut into a fixed number of splits so that narrow matrices fill the device too; the splits are added in
/// order by
/// <see cref="AddSplits"/>, so that results repeat to the bit. No shared memory.
/// </summary>
public static class StatisticsKernels
{
    /// <summary>
    /// The spectral gradient of every sequence (SVD-Surgeon): partial[b, s, i] = Σ over split s of the T tokens of sequence b of p[t, i]
    /// q[t, i]. p, q: B·T × k. Launch (⌈k/g⌉, splits, B), g threads, one per column. Reads 8 bytes per number once: memory bound, 2 FLOPs
    /// per number.
    /// </summary>
    public static void ColumnDot(ArrayView<float> p, ArrayView<float> q, ArrayView<float> partial, int tokens, int k)
    {
        int i = Grid.IdxX * Group.DimX + Group.IdxX;
        if (i >= k)
            return;
        int splits = Grid.DimY,
            first = (int)((long)tokens * Grid.IdxY / splits),
            last = (int)((long)tokens * (Grid.IdxY + 1) / splits);
        long sequence = (long)Grid.IdxZ * tokens;
        float sum = 0;
        for (int t = first; t < last; t++)
        {
            long at = (sequence + t) * k + i;
            sum += p[at] * q[at];
        }
        partial[((long)Grid.IdxZ * splits + Grid.IdxY) * k + i] = sum;
    }

    /// <summary>
    /// partial[s, j] = Σ over split s of the T rows of x[t, j], or of its absolute value. x: T × n. Launch (⌈n/g⌉, splits), g threads.
    /// Reads 4 bytes a number once: memory bound.
    /// </summary>
    public static void ColumnSums(ArrayView<float> x, ArrayView<float> partial, int rows, int n, int absolute)
    {
        int j = Grid.IdxX * Group.DimX + Group.IdxX;
        if (j >= n)
            return;
        int splits = Grid.DimY,
            first = (int)((long)rows * Grid.IdxY / splits),
            last = (int)((long)rows * (Grid.IdxY + 1) / splits);
        float sum = 0;
        for (int t = first; t < last; t++)
        {
            float v = x[(long)t * n + j];
            sum += absolute != 0 ? IntrinsicMath.Abs(v) : v;
        }
        partial[(long)Grid.IdxY * n + j] = sum;
    }

    /// <summary>y[b, i] = Σ_s partial[b, s, i], in order. Launch (⌈n/g⌉, B), g threads. Reads 4·splits bytes per number.</summary>
    public static void AddSplits(ArrayView<float> partial, ArrayView<float> y, int splits, int n)
    {
        int i = Grid.IdxX * Group.DimX + Group.IdxX;
        if (i >= n)
            return;
        float sum = 0;
        for (int s = 0; s < splits; s++)
            sum += partial[((long)Grid.IdxY * splits + s) * n + i];
        y[(long)Grid.IdxY * n + i] = sum;
    }
}
