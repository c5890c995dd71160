using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cuda;

internal sealed partial class CudaBackend
{
    /// <inheritdoc/>
    public void CrossEntropy(
        Tensor hidden,
        StoredTensor head,
        ReadOnlySpan<int> labels,
        Span<double> losses,
        Tensor? dHidden = null,
        float gradientScale = 1,
        float softCap = 0
    )
    {
        int vocabulary = head.Rows;
        foreach (int label in labels)
            if (label >= vocabulary)
                throw new InvalidInputException($"Label {label} is not in the model's vocabulary of {vocabulary} words.");
        int chunk = Math.Min(hidden.Rows, ChunkRows(vocabulary));
        using var logits = Allocate(chunk, vocabulary);
        using var slopes = softCap > 0 && dHidden is not null ? Allocate(chunk, vocabulary) : null;
        using var lossBlock = _pool.Rent((long)hidden.Rows * sizeof(double));
        var deviceLosses = lossBlock.As<double>(hidden.Rows);
        for (int first = 0; first < hidden.Rows; first += chunk)
        {
            int rows = Math.Min(chunk, hidden.Rows - first);
            var part = logits.RowRange(0, rows);
            MultiplyWeight(hidden.RowRange(first, rows), head, true, part, false);
            var slope = slopes?.RowRange(0, rows);
            if (softCap > 0)
                SoftCap(part, softCap, slope);
            _kernels.CrossEntropy(
                _stream,
                _launch.Rows(rows),
                View(part),
                Indices(labels.Slice(first, rows)),
                deviceLosses.SubView(first, rows),
                vocabulary,
                dHidden is null ? 0 : gradientScale
            );
            if (slope is not null)
                Multiply(part, slope, part);
            if (dHidden is not null)
                MultiplyWeight(part, head, false, dHidden.RowRange(first, rows), false);
        }
        Transfer.Download(_stream, deviceLosses, losses[..hidden.Rows]);
        RequireFinite(losses[..hidden.Rows], head);
    }

    /// <inheritdoc/>
    public void KullbackLeibler(Tensor p, Tensor q, StoredTensor head, Span<double> divergences)
    {
        int vocabulary = head.Rows,
            chunk = Math.Min(p.Rows, ChunkRows(vocabulary));
        using var pLogits = Allocate(chunk, vocabulary);
        using var qLogits = Allocate(chunk, vocabulary);
        using var block = _pool.Rent((long)p.Rows * sizeof(double));
        var results = block.As<double>(p.Rows);
        for (int first = 0; first < p.Rows; first += chunk)
        {
            int rows = Math.Min(chunk, p.Rows - first);
            Tensor pPart = pLogits.RowRange(0, rows),
                qPart = qLogits.RowRange(0, rows);
            MultiplyWeight(p.RowRange(first, rows), head, true, pPart, false);
            MultiplyWeight(q.RowRange(first, rows), head, true, qPart, false);
            _kernels.KullbackLeibler(_stream, _launch.Rows(rows), View(pPart), View(qPart), results.SubView(first, rows), vocabulary);
        }
        Transfer.Download(_stream, results, divergences[..p.Rows]);
        RequireFinite(divergences[..p.Rows], head);
    }

    private int ChunkRows(int vocabulary) => (int)Math.Clamp(_options.LogitBytes / sizeof(float) / vocabulary, 1, int.MaxValue);

    private static void RequireFinite(ReadOnlySpan<double> values, StoredTensor head)
    {
        for (int i = 0; i < values.Length; i++)
            if (!double.IsFinite(values[i]))
                throw new NumericalException(
                    $"{head.Source}: the logits of token {i} of this batch are not finite. A weight of the model is NaN or infinite, or "
                        + $"its numbers overflow in float32."
                );
    }
}
