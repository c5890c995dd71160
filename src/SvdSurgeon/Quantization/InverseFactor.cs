using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Quantization;

/// <summary>
/// What error feedback needs of a Gram matrix H: the order in which columns are rounded, and U, upper triangular, with (P H Pᵀ + λI)⁻¹ =
/// UᵀU in that order (GPTQ, 2210.17323). With the order of columns turned round, H = L Lᵀ, and U is L⁻¹ turned round: one Cholesky
/// factorisation, no inverse of H.
/// </summary>
/// <param name="Order">Column that is rounded first, second, …: by falling diagonal of H, those whose error weighs most while all others
/// can still make up for it.</param>
/// <param name="Upper">U, n × n.</param>
internal sealed record InverseFactor(int[] Order, Matrix Upper)
{
    /// <summary>Factors H.</summary>
    /// <param name="la">Decompositions.</param>
    /// <param name="h">H, n × n, positive semidefinite.</param>
    /// <param name="damping">λ over the mean of H's diagonal; raised tenfold until the matrix is positive definite.</param>
    public static InverseFactor Of(ILinearAlgebra la, Matrix h, double damping)
    {
        int n = h.Rows;
        int[] order = [.. Enumerable.Range(0, n).OrderByDescending(j => h[j, j]).ThenBy(j => j)];
        double mean = 0;
        for (int j = 0; j < n; j++)
            mean += h[j, j] / n;
        if (mean == 0)
            mean = 1;
        for (double lambda = damping; ; lambda *= 10)
        {
            var reversed = new Matrix(n, n);
            for (int i = 0; i < n; i++)
            {
                var from = h.Row(order[n - 1 - i]);
                var to = reversed.Row(i);
                for (int j = 0; j < n; j++)
                    to[j] = from[order[n - 1 - j]];
                to[i] += lambda * mean;
            }
            if (la.TryCholesky(reversed, out var lower))
                return new InverseFactor(order, Reverse(la.SolveTriangular(lower, Matrix.Identity(n), Side.Left, transpose: false)));
        }
    }

    private static Matrix Reverse(Matrix a)
    {
        int n = a.Rows;
        var r = new Matrix(n, n);
        for (int i = 0; i < n; i++)
        {
            var from = a.Row(n - 1 - i);
            var to = r.Row(i);
            for (int j = i; j < n; j++)
                to[j] = from[n - 1 - j];
        }
        return r;
    }
}
