using System.Numerics;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Quantization;

/// <summary>
/// Rounds a matrix to a grid column by column, each column's error spread over the columns still to come so that tr(E H Eᵀ) grows least
/// (GPTQ, 2210.17323): for column j, q = round(w_j), e = (w_j − q)/U_jj, w_k −= e·U_jk for k after j. Rows do not depend on each other.
/// Everything in float64.
/// </summary>
internal static class ErrorFeedback
{
    // Rows that go through the columns together, so that each row of U is read once for all of them.
    private const int RowsAtOnce = 8;

    /// <summary>Rounds W with the scales that are in <paramref name="result"/>.</summary>
    /// <param name="la">Runs panels of rows side by side.</param>
    /// <param name="w">W, m × n.</param>
    /// <param name="factor">Order and U.</param>
    /// <param name="result">Receives the integers.</param>
    /// <param name="positions">Receives what was rounded, W with the errors of the columns before, in units of the scale; may be
    /// null.</param>
    /// <returns>e H eᵀ of every row (H with its damping).</returns>
    public static double[] Round(ILinearAlgebra la, Matrix w, InverseFactor factor, QuantizedMatrix result, float[]? positions = null)
    {
        var losses = new double[w.Rows];
        la.ForEach(
            (w.Rows + RowsAtOnce - 1) / RowsAtOnce,
            panel => RoundRows(w, factor, result, panel * RowsAtOnce, Math.Min(RowsAtOnce, w.Rows - panel * RowsAtOnce), losses, positions)
        );
        return losses;
    }

    private static unsafe void RoundRows(
        Matrix w,
        InverseFactor factor,
        QuantizedMatrix result,
        int first,
        int count,
        double[] losses,
        float[]? positions
    )
    {
        int n = w.Columns,
            group = result.Grid.Group,
            groups = result.GroupsPerRow;
        int[] order = factor.Order;
        double least = result.Grid.Least,
            most = result.Grid.Most;
        var rows = new double[count * n];
        var errors = stackalloc double[RowsAtOnce];
        for (int r = 0; r < count; r++)
        for (int j = 0; j < n; j++)
            rows[r * n + j] = w[first + r, order[j]];
        fixed (
            double* panel = rows,
                upper = factor.Upper.Data
        )
            for (int j = 0; j < n; j++)
            {
                double* u = upper + (long)j * n;
                double inverse = 1 / u[j];
                for (int r = 0; r < count; r++)
                {
                    double value = panel[r * n + j],
                        scale = (double)result.Scales[(first + r) * groups + order[j] / group];
                    double exact = scale == 0 ? 0 : value / scale,
                        q = Math.Clamp(Math.Round(exact), least, most);
                    int at = (first + r) * n + order[j];
                    result.Codes[at] = (sbyte)q;
                    if (positions is not null)
                        positions[at] = (float)exact;
                    double error = (value - scale * q) * inverse;
                    losses[first + r] += error * error;
                    errors[r] = -error;
                }
                for (int r = 0; r < count; r++)
                    Add(errors[r], u, panel + r * n, j + 1, n);
            }
    }

    // y[k] += a·x[k] for k in [from, to)
    private static unsafe void Add(double a, double* x, double* y, int from, int to)
    {
        var va = new Vector<double>(a);
        int k = from;
        for (; k <= to - Vector<double>.Count; k += Vector<double>.Count)
            Vector.Store(Vector.FusedMultiplyAdd(va, Vector.Load(x + k), Vector.Load(y + k)), y + k);
        for (; k < to; k++)
            y[k] = Math.FusedMultiplyAdd(a, x[k], y[k]);
    }
}
