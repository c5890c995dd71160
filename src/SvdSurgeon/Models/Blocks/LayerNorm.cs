using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Blocks;

/// <summary>(x − mean(x)) / sqrt(var(x) + ε) ∘ w + b; without w and b where they are null.</summary>
internal sealed class LayerNorm(int width, StoredTensor? weight, StoredTensor? bias, float epsilon) : INorm
{
    public int Width => width;

    public int StatisticsPerRow => 2;

    public void Forward(IBackend backend, Tensor x, Tensor y, Tensor statistics) =>
        backend.LayerNorm(x, weight, bias, epsilon, y, Row(statistics, 0, x.Rows), Row(statistics, 1, x.Rows));

    public void Backward(IBackend backend, Tensor dy, Tensor x, Tensor statistics, Tensor dx, bool accumulate = false) =>
        backend.LayerNormBackward(dy, x, weight, Row(statistics, 0, x.Rows), Row(statistics, 1, x.Rows), dx, accumulate);

    private static Tensor Row(Tensor statistics, int row, int count) => statistics.RowRange(row, 1).Reshape(count, 1);
}
