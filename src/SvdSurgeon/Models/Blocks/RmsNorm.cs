using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Blocks;

/// <summary>x / sqrt(mean(x²) + ε) ∘ w.</summary>
internal sealed class RmsNorm(StoredTensor weight, float epsilon) : INorm
{
    public int Width => weight.Columns;

    public int StatisticsPerRow => 1;

    public void Forward(IBackend backend, Tensor x, Tensor y, Tensor statistics) =>
        backend.RmsNorm(x, weight, epsilon, y, statistics.Reshape(x.Rows, 1));

    public void Backward(IBackend backend, Tensor dy, Tensor x, Tensor statistics, Tensor dx, bool accumulate = false) =>
        backend.RmsNormBackward(dy, x, weight, statistics.Reshape(x.Rows, 1), dx, accumulate);
}
