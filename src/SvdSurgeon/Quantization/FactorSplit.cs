using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Quantization;

/// <summary>
/// The best A·B of every rank in a metric with two sides, ‖D (W − A·B) L‖_F with H = L Lᵀ and D the square roots of the outputs' weights:
/// one decomposition D W L = U Σ Vᵀ, A = D⁻¹ U √Σ, B = √Σ Vᵀ L⁻¹ (two-sided whitening, METHODS.md, section 9).
/// </summary>
internal sealed class FactorSplit
{
    private readonly Matrix _left,
        _right;

    private FactorSplit(Matrix left, Matrix right) => (_left, _right) = (left, right);

    /// <summary>Decomposes W.</summary>
    /// <param name="la">Decompositions.</param>
    /// <param name="w">W, m × n.</param>
    /// <param name="h">H, n × n, positive semidefinite.</param>
    /// <param name="energy">Weights of the outputs, m, at least 0.</param>
    /// <param name="damping">λ over the mean of H's diagonal; raised tenfold until H is positive definite.</param>
    public static FactorSplit Of(ILinearAlgebra la, Matrix w, Matrix h, double[] energy, double damping)
    {
        var lower = Cholesky(la, h, damping);
        // An output that nothing weighs is still computed: it has a hundredth of the mean weight.
        double mean = energy.Average();
        double[] weights = [.. energy.Select(e => mean > 0 ? Math.Sqrt(Math.Max(e / mean, 0.01)) : 1)];
        var scaled = la.Multiply(w, lower);
        for (int i = 0; i < scaled.Rows; i++)
            foreach (ref double value in scaled.Row(i))
                value *= weights[i];
        var svd = la.Svd(scaled);
        var left = new Matrix(w.Rows, svd.Sigma.Length);
        for (int i = 0; i < left.Rows; i++)
        for (int k = 0; k < left.Columns; k++)
            left[i, k] = svd.U[i, k] * Math.Sqrt(svd.Sigma[k]) / weights[i];
        var right = new Matrix(svd.Sigma.Length, w.Columns);
        for (int k = 0; k < right.Rows; k++)
        for (int j = 0; j < right.Columns; j++)
            right[k, j] = svd.Vt[k, j] * Math.Sqrt(svd.Sigma[k]);
        return new FactorSplit(left, la.SolveTriangular(lower, right, Side.Right, transpose: false));
    }

    /// <summary>A, m × r.</summary>
    public Matrix Left(int rank)
    {
        var a = new Matrix(_left.Rows, rank);
        for (int i = 0; i < a.Rows; i++)
            _left.Row(i)[..rank].CopyTo(a.Row(i));
        return a;
    }

    /// <summary>B, r × n.</summary>
    public Matrix Right(int rank)
    {
        var b = new Matrix(rank, _right.Columns);
        for (int k = 0; k < rank; k++)
            _right.Row(k).CopyTo(b.Row(k));
        return b;
    }

    /// <summary>A for a given B: W H Bᵀ (B H Bᵀ)⁻¹, which the weights of the outputs do not change, and B H Bᵀ.</summary>
    public static (Matrix Left, Matrix Gram) Refit(ILinearAlgebra la, Matrix w, Matrix h, Matrix right, double damping)
    {
        var hb = la.Multiply(h, right, transposeB: true);
        var gram = la.Multiply(right, hb);
        var lower = Cholesky(la, gram, damping);
        var solved = la.SolveTriangular(lower, la.Multiply(w, hb), Side.Right, transpose: true);
        return (la.SolveTriangular(lower, solved, Side.Right, transpose: false), gram);
    }

    private static Matrix Cholesky(ILinearAlgebra la, Matrix h, double damping)
    {
        double mean = 0;
        for (int j = 0; j < h.Rows; j++)
            mean += h[j, j] / h.Rows;
        if (mean == 0)
            mean = 1;
        for (double lambda = damping; ; lambda *= 10)
        {
            var damped = new Matrix(h.Rows, h.Rows);
            h.Data.CopyTo(damped.Data, 0);
            for (int j = 0; j < h.Rows; j++)
                damped[j, j] += lambda * mean;
            if (la.TryCholesky(damped, out var lower))
                return lower;
        }
    }
}
