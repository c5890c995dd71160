using System.Numerics;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Cpu;

internal sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void Embed(ReadOnlySpan<int> ids, StoredTensor table, Tensor y)
    {
        var rows = (CpuTensor)y;
        for (int t = 0; t < ids.Length; t++)
        {
            int id = ids[t];
            if ((uint)id >= (uint)table.Rows)
                throw new InvalidInputException(
                    $"Token id {id} is not in the model's vocabulary of {table.Rows} words: the token file or tokenizer belongs to "
                        + $"another model."
                );
            table.WidenRows(id, 1, rows.Row(t));
        }
    }

    /// <inheritdoc/>
    public void AddPositions(StoredTensor table, int offset, int sequenceLength, Tensor y)
    {
        using var positions = Widened(table, offset, sequenceLength)!;
        float* p = positions.Pointer,
            d = Pointer(y);
        int n = y.Columns;
        ElementwiseLoop.RunRows(
            _team,
            y.Rows,
            n,
            (first, count) =>
            {
                for (int row = first; row < first + count; row++)
                    VectorMath.AddScaled(p + (long)(row % sequenceLength) * n, 1, d + (long)row * n, n);
            }
        );
    }

    /// <inheritdoc/>
    public void Rope(Tensor x, int headDim, RopeTable table, int sequenceLength, int start, bool inverse = false)
    {
        int half = table.HalfDim;
        if (2 * half > headDim)
            throw new ArgumentException($"A rotary table of {half} frequencies does not fit heads of {headDim}.", nameof(table));
        if (start + sequenceLength > table.Positions)
            throw new InvalidInputException($"Position {start + sequenceLength} is beyond the {table.Positions} positions of the model.");
        float* data = Pointer(x);
        int columns = x.Columns;
        ElementwiseLoop.RunRows(
            _team,
            x.Rows,
            columns,
            (first, count) =>
            {
                fixed (
                    float* cosines = table.Cos,
                        sines = table.Sin
                )
                    for (int row = first; row < first + count; row++)
                    {
                        long position = (start + row % sequenceLength) * (long)half;
                        for (int head = 0; head < columns; head += headDim)
                            Rotate(data + (long)row * columns + head, cosines + position, sines + position, half, inverse);
                    }
            }
        );
    }

    // (a, b) → (a cos − b sin, b cos + a sin); the inverse turns the other way
    private static void Rotate(float* x, float* cos, float* sin, int half, bool inverse)
    {
        float sign = inverse ? -1 : 1;
        var signs = Vector.Create(sign);
        int i = 0;
        for (; i <= half - VectorMath.Lanes; i += VectorMath.Lanes)
        {
            var a = Vector.Load(x + i);
            var b = Vector.Load(x + half + i);
            var c = Vector.Load(cos + i);
            var s = Vector.Load(sin + i) * signs;
            Vector.Store(a * c - b * s, x + i);
            Vector.Store(b * c + a * s, x + half + i);
        }
        for (; i < half; i++)
        {
            float a = x[i],
                b = x[half + i],
                s = sin[i] * sign;
            x[i] = a * cos[i] - b * s;
            x[half + i] = b * cos[i] + a * s;
        }
    }

    // A stored vector or some rows of a matrix in float32, from the pool; null stays null.
    private CpuTensor? Widened(StoredTensor? stored, int firstRow = 0, int rows = 1)
    {
        if (stored is null)
            return null;
        var widened = new CpuTensor(_pool, rows, stored.Columns);
        stored.WidenRows(firstRow, rows, widened.Span);
        return widened;
    }
}
