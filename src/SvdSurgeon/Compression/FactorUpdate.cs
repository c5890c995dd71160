using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression;

/// <summary>
/// Closed-form update of the left factor (SVD-LLM, "U" variant): with the inputs X that the already compressed earlier layers give and the
/// outputs Y = XWᵀ of the dense module, A = argmin ‖Y − (XBᵀ)Aᵀ‖_F.
/// </summary>
public static class FactorUpdate
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
}
