using SvdSurgeon.Compression.Numerics;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Refitting;

/// <summary>
/// Closed-form update of the left factor (SVD-LLM, "U" variant): with the inputs X that the already compressed earlier layers give and the
/// outputs Y = XWᵀ of the dense module, A = argmin ‖Y − (XBᵀ)Aᵀ‖_F.
/// </summary>
internal static class FactorUpdate
{
    /// <summary>Aᵀ = (B H Bᵀ)⁻¹ B H Wᵀ; B is kept. Only the Gram matrix of the inputs is needed, not the inputs.</summary>
    /// <param name="la">Decompositions.</param>
    /// <param name="w">W, m × n: the dense weights.</param>
    /// <param name="b">B, r × n.</param>
    /// <param name="gram">H = XᵀX of the updated inputs, n × n.</param>
    /// <returns>A, m × r.</returns>
    /// <exception cref="NumericalException">H, W or B holds a non-finite number.</exception>
    public static Matrix LeftFactor(ILinearAlgebra la, Matrix w, Matrix b, Matrix gram)
    {
        FiniteNumbers.Require(gram, "The Gram matrix");
        FiniteNumbers.Require(w, "The weight matrix");
        FiniteNumbers.Require(b, "The right factor");
        var bh = la.Multiply(b, gram);
        var lower = PositiveDefinite.Factor(la, la.Multiply(bh, b, transposeB: true), "B H Bᵀ", out _);
        return PositiveDefinite.Solve(la, lower, la.Multiply(bh, w, transposeB: true)).Transpose();
    }

    /// <summary>Components whose singular value is below this fraction of the largest carry nothing that could be fitted.</summary>
    private const double SmallestSigma = 1e-12;

    /// <summary>
    /// The same as a change of the left vectors: Σ_{i&lt;r} σ_i left_i right_iᵀ of the result is A·B. Solved for the difference to the
    /// present A, so that directions without input (H singular: few tokens, features that are always 0) leave it as it is.
    /// </summary>
    /// <param name="la">Decompositions.</param>
    /// <param name="w">W, m × n: the dense weights.</param>
    /// <param name="factors">Components of W; those from r on stay as they are.</param>
    /// <param name="rank">r.</param>
    /// <param name="gram">H = XᵀX of the updated inputs, n × n.</param>
    /// <exception cref="NumericalException">H, W or a factor holds a non-finite number.</exception>
    public static SpectralFactors Refit(ILinearAlgebra la, Matrix w, SpectralFactors factors, int rank, Matrix gram)
    {
        int[] used = [.. Truncation.FirstIndices(rank).Where(i => factors.Sigma[i] > SmallestSigma * factors.Sigma[0])];
        if (used.Length == 0)
            return factors;
        var (scaled, right) = (factors.Left.SelectColumns(used), factors.Right.SelectRows(used));
        for (int i = 0; i < scaled.Rows; i++)
        for (int c = 0; c < used.Length; c++)
            scaled[i, c] *= factors.Sigma[used[c]];
        var change = LeftFactor(la, Truncation.Difference(w, la.Multiply(scaled, right)), right, gram);
        var left = factors.Left.Clone();
        for (int i = 0; i < left.Rows; i++)
        for (int c = 0; c < used.Length; c++)
            left[i, used[c]] += change[i, c] / factors.Sigma[used[c]];
        return factors with { Left = left };
    }
}
