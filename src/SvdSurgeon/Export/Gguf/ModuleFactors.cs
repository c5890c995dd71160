using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Export.Gguf;

/// <summary>A factored module as W = rest + left · right, in whichever form it is stored.</summary>
/// <param name="Left">m × r, row-major.</param>
/// <param name="Right">r × n, row-major.</param>
/// <param name="Rest">m × n, row-major; null for zero.</param>
/// <param name="Rank">r.</param>
internal sealed record ModuleFactors(float[] Left, float[] Right, float[]? Rest, int Rank)
{
    /// <summary>The factors of a module, widened.</summary>
    /// <exception cref="NotSupportedException">The module is one matrix.</exception>
    public static ModuleFactors Of(LinearModule module) =>
        module switch
        {
            LowRankLinear lowRank => new(lowRank.A.ToSingles(), lowRank.B.ToSingles(), null, lowRank.A.Columns),
            PivotedLinear pivoted => Of(pivoted),
            ColumnPreservingLinear columns => Of(columns),
            _ => throw new NotSupportedException($"{module.Name} is {module.Kind}."),
        };

    // W[pivots] = basis: rows of the identity on the left; the others are rows of mix.
    private static ModuleFactors Of(PivotedLinear module)
    {
        int r = module.Basis.Rows;
        var left = new float[module.OutFeatures * (long)r];
        var mix = module.Mix.ToSingles().AsSpan();
        var pivots = Indices(module.Pivots);
        for (int row = 0, pivot = 0; row < module.OutFeatures; row++)
        {
            var to = left.AsSpan(checked(row * r), r);
            if (pivot < pivots.Length && pivots[pivot] == row)
                to[pivot++] = 1;
            else
            {
                mix[..r].CopyTo(to);
                mix = mix[r..];
            }
        }
        return new(left, module.Basis.ToSingles(), null, r);
    }

    // The kept columns are the rest; on the right they are zero.
    private static ModuleFactors Of(ColumnPreservingLinear module)
    {
        int m = module.OutFeatures,
            n = module.InFeatures,
            r = module.A.Columns,
            kept = module.C.Columns;
        var columns = Indices(module.Columns);
        float[] c = module.C.ToSingles(),
            b = module.B.ToSingles(),
            rest = new float[m * (long)n],
            right = new float[r * (long)n];
        for (int column = 0, next = 0, other = 0; column < n; column++)
            if (next < kept && columns[next] == column)
            {
                for (int row = 0; row < m; row++)
                    rest[row * (long)n + column] = c[row * (long)kept + next];
                next++;
            }
            else
            {
                for (int row = 0; row < r; row++)
                    right[row * (long)n + column] = b[row * (long)(n - kept) + other];
                other++;
            }
        return new(module.A.ToSingles(), right, rest, r);
    }

    private static unsafe ReadOnlySpan<int> Indices(StoredTensor tensor)
    {
        var indices = new ReadOnlySpan<int>((void*)tensor.Address, checked((int)tensor.Count)).ToArray();
        GC.KeepAlive(tensor);
        return indices;
    }
}
