using System.Numerics;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression;

/// <summary>Rows of a tall matrix that span its row space with bounded growth: every other row is a mix of them with coefficients of at most 2 in magnitude.</summary>
/// <remarks>LU with row pivoting chooses the first candidates; as long as a coefficient is above 2 its row takes the place of the one it leans on, which
/// multiplies the volume of the chosen rows by more than 2 each time and so ends (maximum volume principle).</remarks>
internal static class RowSkeleton
{
    /// <summary>Largest coefficient.</summary>
    public const double Growth = 2;

    /// <summary>A pivot below this, with columns of unit length, says that the columns are dependent.</summary>
    private const double SmallestPivot = 1e-10;

    private const int Panel = 64;

    /// <summary>Columns have unit length, so that this is rounding.</summary>
    private const double LargestResidual = 1e-12;

    private const int MaxPasses = 4;

    /// <summary>Chooses r rows of <paramref name="a"/> (m × r, m ≥ r).</summary>
    /// <param name="la">Products and triangular solves.</param>
    /// <param name="a">Full column rank; dependent columns give fewer rows than columns.</param>
    /// <returns>Ascending rows, and Mix with A[other rows] = Mix · A[rows], other rows in ascending order.</returns>
    public static (int[] Rows, Matrix Mix) Choose(ILinearAlgebra la, Matrix a)
    {
        var columns = UnitColumns(a);
        if (!TryFactor(la, columns, out int[] order, out var lu))
        {
            // Dependent columns: their span has a basis of fewer.
            var (u, sigma, _) = la.Svd(columns);
            int rank = sigma.Count(s => s > SmallestPivot * sigma[0]);
            if (rank == 0) return ([], new Matrix(a.Rows, 0));
            columns = u.ColumnRange(0, rank);
            if (!TryFactor(la, columns, out order, out lu))
                throw new NumericalException("No independent rows were found in a factor: its columns are dependent to rounding.");
        }
        int r = lu.Columns;
        var mix = la.SolveTriangular(UnitLower(lu), lu.RowRange(r, lu.Rows - r), Side.Right, transpose: false);
        BoundGrowth(order, mix);
        for (int pass = 0; pass < MaxPasses && Residual(la, columns, order, mix) is { } residual; pass++)
        {
            var correction = Solve(la, columns, order, residual);
            for (int i = 0; i < mix.Data.Length; i++) mix.Data[i] += correction.Data[i];
            BoundGrowth(order, mix);
        }
        return Sort(order, mix);
    }

    // A[others] − Mix·A[chosen], or null where it is rounding. Elimination and exchanges carry the rounding of large intermediate numbers along.
    private static Matrix? Residual(ILinearAlgebra la, Matrix a, int[] order, Matrix mix)
    {
        int r = a.Columns;
        var residual = Truncation.Difference(a.SelectRows(order.AsSpan(r)), la.Multiply(mix, a.SelectRows(order.AsSpan(0, r))));
        return LargestEntry(residual.Data) is >= 0 and var worst && Math.Abs(residual.Data[worst]) > LargestResidual ? residual : null;
    }

    // b A[chosen]⁻¹.
    private static Matrix Solve(ILinearAlgebra la, Matrix a, int[] order, Matrix b)
    {
        int r = a.Columns;
        if (!TryFactor(la, a.SelectRows(order.AsSpan(0, r)), out int[] within, out var lu))
            throw new NumericalException("No independent rows were found in a factor: its columns are dependent to rounding.");
        var upper = la.SolveTriangular(UpperTransposed(lu), b, Side.Right, transpose: true);
        var permuted = la.SolveTriangular(UnitLower(lu), upper, Side.Right, transpose: false);
        // A[chosen][within] = L U, so column i of the solution belongs to row within[i].
        var solution = new Matrix(b.Rows, r);
        for (int i = 0; i < b.Rows; i++)
            for (int j = 0; j < r; j++) solution[i, within[j]] = permuted[i, j];
        return solution;
    }

    private static Matrix UpperTransposed(Matrix lu)
    {
        var lower = lu.Transpose();
        for (int i = 0; i < lower.Rows; i++) lower.Row(i)[(i + 1)..].Clear();
        return lower;
    }

    private static Matrix UnitLower(Matrix lu)
    {
        var unit = lu.RowRange(0, lu.Columns);
        for (int i = 0; i < unit.Rows; i++)
        {
            unit[i, i] = 1;
            unit.Row(i)[(i + 1)..].Clear();
        }
        return unit;
    }

    // Exchanges chosen row j with other row i while |mix_ij| is above the bound. In the new basis
    // mix ← mix − mix[:, j]·(mix[i, :] − e_j)/mix_ij for the other rows, and row i becomes what the old row j is made of.
    private static void BoundGrowth(int[] order, Matrix mix)
    {
        int r = mix.Columns;
        // Each exchange doubles the volume, so few are needed; the limit is for matrices that rounding alone keeps going.
        for (int exchange = 0; exchange < 20 * r + 20; exchange++)
        {
            int worst = LargestEntry(mix.Data);
            if (worst < 0 || Math.Abs(mix.Data[worst]) <= Growth) return;
            var (i, j) = Math.DivRem(worst, r);
            double pivot = mix[i, j];
            (order[j], order[r + i]) = (order[r + i], order[j]);
            var leaving = mix.Row(i).ToArray();
            for (int k = 0; k < r; k++) leaving[k] = (k == j ? leaving[k] - 1 : leaving[k]) / pivot;
            for (int t = 0; t < mix.Rows; t++)
                if (t != i && mix[t, j] != 0) AddScaled(leaving, -mix[t, j], mix.Row(t));
            // Old row j = (new row j − Σ_{k≠j} mix_ik row k)/mix_ij.
            var row = mix.Row(i);
            for (int k = 0; k < r; k++) row[k] = k == j ? 1 / pivot : -leaving[k];
        }
    }

    private static (int[] Rows, Matrix Mix) Sort(int[] order, Matrix mix)
    {
        int r = mix.Columns;
        var (chosen, others) = (Truncation.FirstIndices(r), Truncation.FirstIndices(mix.Rows));
        Array.Sort(order[..r], chosen);
        Array.Sort(order[r..], others);
        var rows = order[..r];
        Array.Sort(rows);
        return (rows, mix.SelectRows(others).SelectColumns(chosen));
    }

    // Right-looking LU by panels: a[order] = L U, both in place. False when a pivot is only rounding.
    private static bool TryFactor(ILinearAlgebra la, Matrix a, out int[] order, out Matrix lu)
    {
        lu = a.Clone();
        order = Truncation.FirstIndices(a.Rows);
        int r = a.Columns;
        for (int first = 0; first < r; first += Panel)
        {
            int end = Math.Min(first + Panel, r);
            if (!FactorPanel(lu, order, first, end)) return false;
            if (end == r) continue;
            EliminateRows(lu, first, end);
            var below = new Matrix(lu.Rows - end, end - first);
            for (int i = 0; i < below.Rows; i++) lu.Row(end + i)[first..end].CopyTo(below.Row(i));
            var right = new Matrix(end - first, r - end);
            for (int i = 0; i < right.Rows; i++) lu.Row(first + i)[end..].CopyTo(right.Row(i));
            var product = la.Multiply(below, right);
            for (int i = 0; i < product.Rows; i++) AddScaled(product.Row(i), -1, lu.Row(end + i)[end..]);
        }
        return true;
    }

    private static bool FactorPanel(Matrix lu, int[] order, int first, int end)
    {
        for (int j = first; j < end; j++)
        {
            int pivot = j;
            for (int i = j + 1; i < lu.Rows; i++)
                if (Math.Abs(lu[i, j]) > Math.Abs(lu[pivot, j])) pivot = i;
            if (!(Math.Abs(lu[pivot, j]) > SmallestPivot)) return false;
            if (pivot != j)
            {
                (order[j], order[pivot]) = (order[pivot], order[j]);
                Swap(lu.Row(j), lu.Row(pivot));
            }
            var source = lu.Row(j)[(j + 1)..end];
            double inverse = 1 / lu[j, j];
            for (int i = j + 1; i < lu.Rows; i++)
            {
                double factor = lu[i, j] *= inverse;
                if (factor != 0) AddScaled(source, -factor, lu.Row(i)[(j + 1)..end]);
            }
        }
        return true;
    }

    // U of the panel's rows, to the right of the panel.
    private static void EliminateRows(Matrix lu, int first, int end)
    {
        for (int i = first + 1; i < end; i++)
            for (int k = first; k < i; k++) AddScaled(lu.Row(k)[end..], -lu[i, k], lu.Row(i)[end..]);
    }

    private static Matrix UnitColumns(Matrix a)
    {
        var norms = new double[a.Columns];
        for (int i = 0; i < a.Rows; i++)
            for (int j = 0; j < a.Columns; j++) norms[j] += a[i, j] * a[i, j];
        var unit = a.Clone();
        for (int i = 0; i < a.Rows; i++)
            for (int j = 0; j < a.Columns; j++)
                if (norms[j] > 0) unit[i, j] /= Math.Sqrt(norms[j]);
        return unit;
    }

    private static int LargestEntry(double[] data)
    {
        int largest = data.Length == 0 ? -1 : 0;
        for (int i = 1; i < data.Length; i++)
            if (Math.Abs(data[i]) > Math.Abs(data[largest])) largest = i;
        return largest;
    }

    private static void AddScaled(ReadOnlySpan<double> x, double factor, Span<double> y)
    {
        var wide = new Vector<double>(factor);
        int i = 0;
        for (; i <= y.Length - Vector<double>.Count; i += Vector<double>.Count)
            (new Vector<double>(y[i..]) + wide * new Vector<double>(x[i..])).CopyTo(y[i..]);
        for (; i < y.Length; i++) y[i] += factor * x[i];
    }

    private static void Swap(Span<double> a, Span<double> b)
    {
        for (int i = 0; i < a.Length; i++) (a[i], b[i]) = (b[i], a[i]);
    }
}
