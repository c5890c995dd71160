using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Whitening;

/// <summary>
/// W = Σ_i σ_i · left_i · right_iᵀ for one linear module, by whatever scaling or whitening: every method of this project ends in this
/// form, and the surgeon, allocation and storage start from it. The vectors need not be orthonormal: with W S = U Σ Vᵀ, left = U and
/// right = Vᵀ S⁻¹.
/// </summary>
/// <param name="Left">m × K, component i in column i.</param>
/// <param name="Sigma">All R = min(m, n) singular values, descending; K ≤ R of them have vectors.</param>
/// <param name="Right">K × n, component i in row i.</param>
internal sealed record SpectralFactors(Matrix Left, double[] Sigma, Matrix Right)
{
    /// <summary>Components that have vectors.</summary>
    public int Components => Right.Rows;
}
