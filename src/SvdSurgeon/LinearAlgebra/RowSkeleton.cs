namespace SvdSurgeon.LinearAlgebra;

/// <summary>
/// Rows of a matrix from which all others follow: every row that is not chosen is Mix · chosen rows (interpolative decomposition).
/// </summary>
/// <param name="Pivots">The chosen rows, ascending, as many as the matrix has columns.</param>
/// <param name="Mix">
/// (rows − columns) × columns: the other rows, in ascending order, in terms of the chosen ones. No entry is above 2 in magnitude (maxvol),
/// so nothing grows when rows are rebuilt.
/// </param>
internal sealed unsafe record RowSkeleton(int[] Pivots, Matrix Mix)
{
    private const double Bound = 2;
    private const int Panel = 64;

    /// <summary>
    /// Chooses the rows of a tall m × r matrix by elimination with row pivoting, then swaps rows while a coefficient is too large.
    /// </summary>
    /// <param name="a">m × r with m ≥ r; a rank below r is allowed.</param>
    /// <param name="algebra">Does the products and triangular solves.</param>
    /// <exception cref="ArgumentException">The matrix is wider than tall.</exception>
    /// <exception cref="NumericalException">The matrix holds a non-finite number.</exception>
    public static RowSkeleton Choose(Matrix a, ILinearAlgebra algebra)
    {
        int m = a.Rows,
            r = a.Columns;
        if (m < r)
            throw new ArgumentException($"A {m} × {r} matrix has too few rows to choose {r} of them.", nameof(a));
        foreach (double x in a.Data)
            if (!double.IsFinite(x))
                throw new NumericalException($"The {m} × {r} matrix given to the choice of rows holds a non-finite number.");
        var (rows, lower, rank) = Eliminate(a, algebra);
        // Rows are L U: with L = [L₁; L₂] the others are L₂ L₁⁻¹ times the chosen ones.
        var mix = algebra.SolveTriangular(
            lower.RowRange(0, rank).ColumnRange(0, rank),
            lower.RowRange(rank, m - rank).ColumnRange(0, rank),
            Side.Right,
            false
        );
        if (Exchange(rows, mix, rank) && rank == r)
            mix = Recompute(a, rows, algebra);
        return Ordered(rows, mix, r);
    }

    // Gaussian elimination by panels of columns. rows[i] is the original index of row i; columns without a pivot are skipped.
    private static (int[] Rows, Matrix Lower, int Rank) Eliminate(Matrix a, ILinearAlgebra algebra)
    {
        int m = a.Rows,
            r = a.Columns,
            rank = 0;
        var w = a.Clone();
        var lower = new Matrix(m, r);
        var rows = new int[m];
        double largest = 0;
        for (int i = 0; i < m; i++)
            rows[i] = i;
        foreach (double x in a.Data)
            largest = Math.Max(largest, Math.Abs(x));
        for (int panel = 0; panel < r; panel += Panel)
        {
            int end = Math.Min(r, panel + Panel),
                before = rank;
            for (int c = panel; c < end; c++)
            {
                int pivot = LargestBelow(w, c, rank);
                if (pivot < 0 || Math.Abs(w[pivot, c]) <= 1e-14 * largest)
                    continue;
                Swap(w, rank, pivot);
                Swap(lower, rank, pivot);
                (rows[rank], rows[pivot]) = (rows[pivot], rows[rank]);
                lower[rank, rank] = 1;
                fixed (double* p = w.Data)
                    for (int i = rank + 1; i < m; i++)
                    {
                        double factor = w[i, c] / w[rank, c];
                        lower[i, rank] = factor;
                        Vectors.AddScaled(-factor, p + (long)rank * r + c + 1, p + (long)i * r + c + 1, end - c - 1);
                    }
                rank++;
            }
            if (end < r && rank > before)
                UpdateTrailing(w, lower, before, rank, end, algebra);
        }
        return (rows, lower, rank);
    }

    private static void UpdateTrailing(Matrix w, Matrix lower, int before, int rank, int end, ILinearAlgebra algebra)
    {
        int r = w.Columns,
            width = r - end,
            below = w.Rows - rank;
        fixed (double* p = w.Data)
            for (int i = before; i < rank; i++)
            for (int j = before; j < i; j++)
                Vectors.AddScaled(-lower[i, j], p + (long)j * r + end, p + (long)i * r + end, width);
        if (below == 0)
            return;
        var product = algebra.Multiply(
            lower.RowRange(rank, below).ColumnRange(before, rank - before),
            w.RowRange(before, rank - before).ColumnRange(end, width)
        );
        fixed (
            double* p = w.Data,
                q = product.Data
        )
            for (int i = 0; i < below; i++)
                Vectors.AddScaled(-1.0, q + (long)i * width, p + (long)(rank + i) * r + end, width);
    }

    // Each swap multiplies the volume of the chosen rows by the coefficient, so this ends.
    private static bool Exchange(int[] rows, Matrix mix, int rank)
    {
        bool changed = false;
        while (true)
        {
            int at = 0;
            double largest = 0;
            for (int i = 0; i < mix.Data.Length; i++)
            {
                double x = Math.Abs(mix.Data[i]);
                if (x > largest)
                    (largest, at) = (x, i);
            }
            if (largest <= Bound)
                return changed;
            changed = true;
            int other = at / rank,
                chosen = at % rank;
            (rows[chosen], rows[rank + other]) = (rows[rank + other], rows[chosen]);
            // x_other = Σ M c, solved for c_chosen and put into all other rows.
            double inverse = 1 / mix.Data[at];
            var row = mix.Row(other);
            for (int l = 0; l < rank; l++)
                row[l] *= -inverse;
            row[chosen] = inverse;
            fixed (double* p = mix.Data)
                for (int i = 0; i < mix.Rows; i++)
                {
                    if (i == other)
                        continue;
                    double share = p[(long)i * rank + chosen];
                    p[(long)i * rank + chosen] = 0;
                    Vectors.AddScaled(share, p + (long)other * rank, p + (long)i * rank, rank);
                }
        }
    }

    // Many swaps add up rounding errors; the chosen rows are well conditioned by now.
    private static Matrix Recompute(Matrix a, int[] rows, ILinearAlgebra algebra)
    {
        int r = a.Columns;
        var chosen = a.SelectRows(rows.AsSpan(0, r));
        var (order, lower, _) = Eliminate(chosen, algebra);
        // order permutes the chosen rows: P A = L U, and U = L⁻¹ P A. Others = X (P A) with X = others U⁻¹ L⁻¹.
        var upper = algebra.SolveTriangular(lower, chosen.SelectRows(order), Side.Left, false);
        for (int i = 0; i < r; i++)
            upper.Row(i)[..i].Clear();
        var mix = algebra.SolveTriangular(upper.Transpose(), a.SelectRows(rows.AsSpan(r)), Side.Right, true);
        mix = algebra.SolveTriangular(lower, mix, Side.Right, false);
        var back = new int[r];
        for (int i = 0; i < r; i++)
            back[order[i]] = i;
        return mix.SelectColumns(back);
    }

    // Ascending rows; when the rank is below r, rows that nothing depends on fill up the choice.
    private static RowSkeleton Ordered(int[] rows, Matrix mix, int r)
    {
        int m = rows.Length,
            rank = mix.Columns;
        var others = new int[m - rank];
        for (int i = 0; i < others.Length; i++)
            others[i] = i;
        Array.Sort(rows.AsSpan(rank).ToArray(), others);
        var fillers = others.AsSpan(0, r - rank);
        var rest = others.AsSpan(r - rank);
        var pivots = new int[r];
        var column = new int[r];
        for (int j = 0; j < r; j++)
        {
            pivots[j] = j < rank ? rows[j] : rows[rank + fillers[j - rank]];
            column[j] = j;
        }
        Array.Sort(pivots, column);
        var ordered = new Matrix(m - r, r);
        for (int i = 0; i < rest.Length; i++)
        for (int j = 0; j < r; j++)
            ordered[i, j] = column[j] < rank ? mix[rest[i], column[j]] : 0;
        return new RowSkeleton(pivots, ordered);
    }

    private static int LargestBelow(Matrix w, int column, int first)
    {
        int pivot = -1;
        double largest = -1;
        for (int i = first; i < w.Rows; i++)
        {
            double x = Math.Abs(w.Data[i * w.Columns + column]);
            if (x > largest)
                (largest, pivot) = (x, i);
        }
        return pivot;
    }

    private static void Swap(Matrix w, int i, int j)
    {
        if (i == j)
            return;
        Span<double> a = w.Row(i),
            b = w.Row(j);
        for (int c = 0; c < a.Length; c++)
            (a[c], b[c]) = (b[c], a[c]);
    }
}
