using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Cpu;

internal sealed unsafe partial class CpuBackend
{
    // Logits held at once: 64 MiB. Fewer rows would widen the head too often. Rows a chunk are a multiple of 64 between 64 and 512, by the
    // vocabulary alone.
    private const int LogitsAtOnce = 1 << 24;

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
        int vocabulary = head.Rows,
            chunk = ChunkRows(vocabulary);
        foreach (int label in labels)
            if (label >= vocabulary)
                throw new InvalidInputException($"Label {label} is not in the model's vocabulary of {vocabulary} words.");
        using var logits = Allocate(Math.Min(chunk, hidden.Rows), vocabulary);
        using var slopes = softCap > 0 && dHidden is not null ? Allocate(logits.Rows, vocabulary) : null;
        int[] chunkLabels = new int[chunk];
        double[] chunkLosses = new double[chunk];
        for (int first = 0; first < hidden.Rows; first += chunk)
        {
            int rows = Math.Min(chunk, hidden.Rows - first);
            var part = logits.RowRange(0, rows);
            Linear(hidden.RowRange(first, rows), head, null, part);
            var slope = slopes?.RowRange(0, rows);
            if (softCap > 0)
                SoftCap(part, softCap, slope);
            labels.Slice(first, rows).CopyTo(chunkLabels);
            float* data = Pointer(logits);
            bool gradient = dHidden is not null;
            _team.Run(
                rows,
                row =>
                    chunkLosses[row] = SoftmaxKernels.CrossEntropy(
                        data + (long)row * vocabulary,
                        vocabulary,
                        chunkLabels[row],
                        gradient,
                        gradientScale
                    )
            );
            for (int row = 0; row < rows; row++)
            {
                if (!double.IsFinite(chunkLosses[row]))
                    throw NonFiniteLogits(head, first + row);
                losses[first + row] = chunkLosses[row];
            }
            if (slope is not null)
                Multiply(part, slope, part);
            if (dHidden is not null)
                LinearBackward(part, head, dHidden.RowRange(first, rows));
        }
    }

    /// <inheritdoc/>
    public void KullbackLeibler(Tensor p, Tensor q, StoredTensor head, Span<double> divergences)
    {
        int vocabulary = head.Rows,
            chunk = ChunkRows(vocabulary);
        using var pLogits = Allocate(Math.Min(chunk, p.Rows), vocabulary);
        using var qLogits = Allocate(Math.Min(chunk, p.Rows), vocabulary);
        double[] results = new double[chunk];
        for (int first = 0; first < p.Rows; first += chunk)
        {
            int rows = Math.Min(chunk, p.Rows - first);
            Linear(p.RowRange(first, rows), head, null, pLogits.RowRange(0, rows));
            Linear(q.RowRange(first, rows), head, null, qLogits.RowRange(0, rows));
            float* pData = Pointer(pLogits),
                qData = Pointer(qLogits);
            _team.Run(
                rows,
                row =>
                    results[row] = SoftmaxKernels.KullbackLeibler(
                        pData + (long)row * vocabulary,
                        qData + (long)row * vocabulary,
                        vocabulary
                    )
            );
            for (int row = 0; row < rows; row++)
            {
                if (!double.IsFinite(results[row]))
                    throw NonFiniteLogits(head, first + row);
                divergences[first + row] = results[row];
            }
        }
    }

    private static int ChunkRows(int vocabulary) => Math.Clamp(LogitsAtOnce / vocabulary / 64 * 64, 64, 512);

    private static NumericalException NonFiniteLogits(StoredTensor head, int row) =>
        new(
            $"{head.Source}: the logits of token {row} of this batch are not finite. A weight of the model is NaN or infinite, or its "
                + $"numbers overflow in float32."
        );
}
