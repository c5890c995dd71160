using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Cpu;

internal sealed unsafe partial class CpuBackend
{
    private const int ElementsAnItem = 16384;

    // destination = source; by the threads that go on with the rows
    /// <inheritdoc cref="IBackend.Copy"/>
    public void Copy(Tensor source, Tensor destination)
    {
        RequireSameShape(source, destination);
        var (from, to) = (Cpu(source), Cpu(destination));
        ForElements(
            source.Length,
            (first, count) => new Span<float>(from.Pointer + first, count).CopyTo(new Span<float>(to.Pointer + first, count))
        );
    }

    // y += a·x
    /// <inheritdoc cref="IBackend.AddScaled"/>
    public void AddScaled(Tensor x, float a, Tensor y)
    {
        RequireSameShape(x, y);
        var (px, py) = (Cpu(x), Cpu(y));
        ForElements(y.Length, (first, count) => Vectors.AddScaled(a, px.Pointer + first, py.Pointer + first, count));
    }

    // y = a ∘ b
    /// <inheritdoc cref="IBackend.Multiply"/>
    public void Multiply(Tensor a, Tensor b, Tensor y)
    {
        RequireSameShape(a, y);
        RequireSameShape(b, y);
        var (pa, pb, py) = (Cpu(a), Cpu(b), Cpu(y));
        ForElements(y.Length, (first, count) => Vectors.Multiply(pa.Pointer + first, pb.Pointer + first, py.Pointer + first, count));
    }

    // y[:, j] = x[:, indices[j]]
    /// <inheritdoc cref="IBackend.GatherColumns"/>
    public void GatherColumns(Tensor x, ReadOnlySpan<int> indices, Tensor y)
    {
        RequireIndices(indices, y.Columns, x.Columns, x.Rows == y.Rows);
        var (from, to, chosen) = (Cpu(x), Cpu(y), indices.ToArray());
        ForRows(
            x.Rows,
            chosen.Length,
            t =>
            {
                float* xt = from.Pointer + (long)t * from.Columns,
                    yt = to.Pointer + (long)t * to.Columns;
                for (int j = 0; j < chosen.Length; j++)
                    yt[j] = xt[chosen[j]];
            }
        );
    }

    // y[:, indices[j]] (+)= x[:, j]
    /// <inheritdoc cref="IBackend.ScatterColumns"/>
    public void ScatterColumns(Tensor x, ReadOnlySpan<int> indices, Tensor y, bool accumulate = false)
    {
        RequireIndices(indices, x.Columns, y.Columns, x.Rows == y.Rows);
        var (from, to, chosen) = (Cpu(x), Cpu(y), indices.ToArray());
        ForRows(
            x.Rows,
            chosen.Length,
            t =>
            {
                float* xt = from.Pointer + (long)t * from.Columns,
                    yt = to.Pointer + (long)t * to.Columns;
                if (accumulate)
                    for (int j = 0; j < chosen.Length; j++)
                        yt[chosen[j]] += xt[j];
                else
                    for (int j = 0; j < chosen.Length; j++)
                        yt[chosen[j]] = xt[j];
            }
        );
    }

    // g[b, i] = Σ_{t in sequence b} p[t, i] q[t, i]
    /// <inheritdoc cref="IBackend.ColumnDot"/>
    public void ColumnDot(Tensor p, Tensor q, Tensor g)
    {
        RequireSameShape(p, q);
        if (g.Columns != p.Columns || g.Rows == 0 || p.Rows % g.Rows != 0)
            throw new ArgumentException($"{p.Rows} × {p.Columns} tokens cannot be reduced to {g.Rows} × {g.Columns}.", nameof(g));
        const int width = 64;
        int tokens = p.Rows / g.Rows,
            k = p.Columns,
            strips = (k + width - 1) / width;
        var (pp, pq, pg) = (Cpu(p), Cpu(q), Cpu(g));
        _team.Run(
            g.Rows * strips,
            item =>
            {
                int sequence = item / strips,
                    first = item % strips * width,
                    count = Math.Min(width, k - first);
                float* sums = pg.Pointer + (long)sequence * k + first;
                new Span<float>(sums, count).Clear();
                for (long t = (long)sequence * tokens; t < (sequence + 1L) * tokens; t++)
                    Vectors.AddProduct(pp.Pointer + t * k + first, pq.Pointer + t * k + first, sums, count);
            }
        );
    }

    // sums[j] += Σ_t x[t, j] or |x[t, j]|, in float64
    /// <inheritdoc cref="IBackend.AddColumnSums"/>
    public void AddColumnSums(Tensor x, bool absolute, Span<double> sums)
    {
        if (sums.Length != x.Columns)
            throw new ArgumentException($"{x.Columns} columns need as many sums, not {sums.Length}.", nameof(sums));
        const int width = 128;
        var px = Cpu(x);
        fixed (double* start = sums)
        {
            double* all = start;
            _team.Run(
                (x.Columns + width - 1) / width,
                strip =>
                {
                    int first = strip * width,
                        count = Math.Min(width, px.Columns - first);
                    for (int t = 0; t < px.Rows; t++)
                    {
                        float* row = px.Pointer + (long)t * px.Columns + first;
                        if (absolute)
                            Vectors.AddWidenedMagnitude(row, all + first, count);
                        else
                            Vectors.AddWidened(row, all + first, count);
                    }
                }
            );
        }
    }

    private void ForRows(int rows, int numbersARow, Action<int> body)
    {
        int atOnce = Math.Max(1, ElementsAnItem / Math.Max(1, numbersARow));
        _team.Run(
            (rows + atOnce - 1) / atOnce,
            item =>
            {
                for (int t = item * atOnce; t < Math.Min(rows, (item + 1) * atOnce); t++)
                    body(t);
            }
        );
    }

    private void ForElements(long length, Action<long, int> body) =>
        _team.Run(
            checked((int)((length + ElementsAnItem - 1) / ElementsAnItem)),
            item =>
            {
                long first = (long)item * ElementsAnItem;
                body(first, (int)Math.Min(ElementsAnItem, length - first));
            }
        );

    private static void RequireSameShape(Tensor x, Tensor y)
    {
        if (x.Rows != y.Rows || x.Columns != y.Columns)
            throw new ArgumentException($"{x.Rows} × {x.Columns} and {y.Rows} × {y.Columns} should have the same shape.", nameof(y));
    }

    private static void RequireIndices(ReadOnlySpan<int> indices, int chosen, int columns, bool sameRows)
    {
        if (!sameRows || indices.Length != chosen)
            throw new ArgumentException($"{indices.Length} column indices do not fit the tensors' shapes.", nameof(indices));
        foreach (int i in indices)
            if ((uint)i >= (uint)columns)
                throw new ArgumentOutOfRangeException(nameof(indices), $"Column {i} is outside [0, {columns}).");
    }
}
