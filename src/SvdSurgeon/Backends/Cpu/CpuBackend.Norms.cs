using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Cpu;

internal sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void LayerNorm(Tensor x, StoredTensor? weight, StoredTensor? bias, float epsilon, Tensor y, Tensor mean, Tensor r)
    {
        using var w = Widened(weight);
        using var b = Widened(bias);
        float* source = Pointer(x),
            target = Pointer(y),
            means = Pointer(mean),
            inverse = Pointer(r),
            scale = w is null ? null : w.Pointer,
            shift = b is null ? null : b.Pointer;
        int n = x.Columns;
        ElementwiseLoop.RunRows(
            _team,
            x.Rows,
            n,
            (first, count) =>
            {
                for (int row = first; row < first + count; row++)
                {
                    float* from = source + (long)row * n,
                        to = target + (long)row * n;
                    float m = NormKernels.Sum(from, n) / n;
                    // Two passes: E[x²] − E[x]² would lose the digits of a stream whose mean is far from zero.
                    float variance = NormKernels.SumOfSquares(from, m, n) / n;
                    float s = 1 / MathF.Sqrt(variance + epsilon);
                    means[row] = m;
                    inverse[row] = s;
                    NormKernels.Normalize(from, m, s, scale, shift, to, n);
                }
            }
        );
    }

    // With x̂ = (x − mean)·r and g = w∘dy:  dx = r (g − mean(g) − x̂ · mean(g∘x̂))
    /// <inheritdoc/>
    public void LayerNormBackward(Tensor dy, Tensor x, StoredTensor? weight, Tensor mean, Tensor r, Tensor dx, bool accumulate = false)
    {
        using var w = Widened(weight);
        float* gradient = Pointer(dy),
            source = Pointer(x),
            means = Pointer(mean),
            inverse = Pointer(r),
            target = Pointer(dx),
            scale = w is null ? null : w.Pointer;
        int n = x.Columns;
        ElementwiseLoop.RunRows(
            _team,
            x.Rows,
            n,
            (first, count) =>
            {
                for (int row = first; row < first + count; row++)
                {
                    long at = (long)row * n;
                    float m = means[row],
                        s = inverse[row];
                    var (sum, dot) = NormKernels.GradientSums(gradient + at, scale, source + at, m, n);
                    // dot is Σ g (x − mean): x̂ needs one more r.
                    NormKernels.Backward(gradient + at, scale, source + at, m, s, sum / n, dot * s * s / n, target + at, n, accumulate);
                }
            }
        );
    }

    /// <inheritdoc/>
    public void RmsNorm(Tensor x, StoredTensor weight, float epsilon, Tensor y, Tensor r)
    {
        using var w = Widened(weight)!;
        float* source = Pointer(x),
            target = Pointer(y),
            inverse = Pointer(r),
            scale = w.Pointer;
        int n = x.Columns;
        ElementwiseLoop.RunRows(
            _team,
            x.Rows,
            n,
            (first, count) =>
            {
                for (int row = first; row < first + count; row++)
                {
                    float* from = source + (long)row * n;
                    float s = 1 / MathF.Sqrt(NormKernels.SumOfSquares(from, 0, n) / n + epsilon);
                    inverse[row] = s;
                    NormKernels.Normalize(from, 0, s, scale, null, target + (long)row * n, n);
                }
            }
        );
    }

    // With g = w∘dy:  dx = r g − r³/n · x · Σ(x∘g)
    /// <inheritdoc/>
    public void RmsNormBackward(Tensor dy, Tensor x, StoredTensor weight, Tensor r, Tensor dx, bool accumulate = false)
    {
        using var w = Widened(weight)!;
        float* gradient = Pointer(dy),
            source = Pointer(x),
            inverse = Pointer(r),
            target = Pointer(dx),
            scale = w.Pointer;
        int n = x.Columns;
        ElementwiseLoop.RunRows(
            _team,
            x.Rows,
            n,
            (first, count) =>
            {
                for (int row = first; row < first + count; row++)
                {
                    long at = (long)row * n;
                    float s = inverse[row];
                    var (_, dot) = NormKernels.GradientSums(gradient + at, scale, source + at, 0, n);
                    NormKernels.Backward(gradient + at, scale, source + at, 0, s, 0, dot * s * s / n, target + at, n, accumulate);
                }
            }
        );
    }
}
