using ILGPU;

namespace SvdSurgeon.Kernels;

/// <summary>
/// Layer norm and RMS norm over the rows of x[T, n], with their backward passes. One group per row: launch (T, g), g threads a whole number
/// of warps. Shared memory: one number per warp. All are memory bound; weights get no gradient, nothing trains.
/// </summary>
public static class NormKernels
{
    /// <summary>
    /// y = (x − mean) · r ∘ w + b, r = 1/sqrt(var + ε); mean and r are kept, one per row. x, y: T × n; w, b: n, or empty for no affine
    /// part. Reads 3 × 4Tn bytes (the second and third time from cache), writes 4Tn; 8Tn FLOPs. The variance is taken around the mean.
    /// </summary>
    public static void LayerNorm(
        ArrayView<float> x,
        ArrayView<float> w,
        ArrayView<float> b,
        ArrayView<float> y,
        ArrayView<float> mean,
        ArrayView<float> r,
        int n,
        float epsilon
    )
    {
        var scratch = SharedMemory.Allocate<float>(GroupReduce.MaxWarps);
        long row = (long)Grid.IdxX * n;
        float sum = 0;
        for (int j = Group.IdxX; j < n; j += Group.DimX)
            sum += x[row + j];
        float mu = GroupReduce.Sum(sum, scratch) / n;
        float squares = 0;
        for (int j = Group.IdxX; j < n; j += Group.DimX)
        {
            float d = x[row + j] - mu;
            squares += d * d;
        }
        float inverse = 1f / MathF.Sqrt(GroupReduce.Sum(squares, scratch) / n + epsilon);
        bool scaled = w.Length != 0,
            shifted = b.Length != 0;
        for (int j = Group.IdxX; j < n; j += Group.DimX)
        {
            float value = (x[row + j] - mu) * inverse;
            if (scaled)
                value *= w[j];
            if (shifted)
                value += b[j];
            y[row + j] = value;
        }
        if (Group.IdxX == 0)
        {
            mean[Grid.IdxX] = mu;
            r[Grid.IdxX] = inverse;
        }
    }

    /// <summary>
    /// dx = r·(g − mean(g) − x̂·mean(g ∘ x̂)) with g = w ∘ dy, x̂ = (x − mean)·r; adds to dx when accumulate is not 0. Shapes as in
    /// LayerNorm. Reads 4 × 4Tn bytes (half of them from cache), writes 4Tn; 14Tn FLOPs.
    /// </summary>
    public static void LayerNormBackward(
        ArrayView<float> dy,
        ArrayView<float> x,
        ArrayView<float> w,
        ArrayView<float> mean,
        ArrayView<float> r,
        ArrayView<float> dx,
        int n,
        int accumulate
    )
    {
        var scratch = SharedMemory.Allocate<float>(GroupReduce.MaxWarps);
        long row = (long)Grid.IdxX * n;
        float mu = mean[Grid.IdxX],
            inverse = r[Grid.IdxX];
        bool scaled = w.Length != 0;
        float sumG = 0,
            sumGx = 0;
        for (int j = Group.IdxX; j < n; j += Group.DimX)
        {
            float g = dy[row + j];
            if (scaled)
                g *= w[j];
            sumG += g;
            sumGx += g * (x[row + j] - mu) * inverse;
        }
        float meanG = GroupReduce.Sum(sumG, scratch) / n;
        float meanGx = GroupReduce.Sum(sumGx, scratch) / n;
        for (int j = Group.IdxX; j < n; j += Group.DimX)
        {
            float g = dy[row + j];
            if (scaled)
                g *= w[j];
            float value = inverse * (g - meanG - (x[row + j] - mu) * inverse * meanGx);
            dx[row + j] = accumulate != 0 ? dx[row + j] + value : value;
        }
    }

    /// <summary>
    /// y = x · r ∘ w, r = 1/sqrt(mean(x²) + ε) kept one per row. x, y: T × n; w: n. Reads 2 × 4Tn bytes (once from cache), writes 4Tn; 4Tn
    /// FLOPs.
    /// </summary>
    public static void RmsNorm(ArrayView<float> x, ArrayView<float> w, ArrayView<float> y, ArrayView<float> r, int n, float epsilon)
    {
        var scratch = SharedMemory.Allocate<float>(GroupReduce.MaxWarps);
        long row = (long)Grid.IdxX * n;
        float squares = 0;
        for (int j = Group.IdxX; j < n; j += Group.DimX)
        {
            float v = x[row + j];
            squares += v * v;
        }
        float inverse = 1f / MathF.Sqrt(GroupReduce.Sum(squares, scratch) / n + epsilon);
        for (int j = Group.IdxX; j < n; j += Group.DimX)
            y[row + j] = x[row + j] * inverse * w[j];
        if (Group.IdxX == 0)
            r[Grid.IdxX] = inverse;
    }

    /// <summary>
    /// dx = r·(w∘dy) − r³/n · x · Σ(x∘w∘dy); adds to dx when accumulate is not 0. Shapes as in RmsNorm.
    /// Reads 4 × 4Tn bytes (half of them from cache), writes 4Tn; 10Tn FLOPs.
    /// </summary>
    public static void RmsNormBackward(
        ArrayView<float> dy,
        ArrayView<float> x,
        ArrayView<float> w,
        ArrayView<float> r,
        ArrayView<float> dx,
        int n,
        int accumulate
    )
    {
        var scratch = SharedMemory.Allocate<float>(GroupReduce.MaxWarps);
        long row = (long)Grid.IdxX * n;
        float inverse = r[Grid.IdxX];
        float dot = 0;
        for (int j = Group.IdxX; j < n; j += Group.DimX)
            dot += dy[row + j] * w[j] * x[row + j];
        float shrink = inverse * inverse * inverse * (GroupReduce.Sum(dot, scratch) / n);
        for (int j = Group.IdxX; j < n; j += Group.DimX)
        {
            float value = inverse * w[j] * dy[row + j] - shrink * x[row + j];
            dx[row + j] = accumulate != 0 ? dx[row + j] + value : value;
        }
    }
}
