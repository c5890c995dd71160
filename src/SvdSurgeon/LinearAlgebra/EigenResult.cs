namespace SvdSurgeon.LinearAlgebra;

/// <summary>A = Q diag(λ) Qᵀ.</summary>
/// <param name="Values">Eigenvalues, descending.</param>
/// <param name="Vectors">Eigenvectors in the columns.</param>
internal sealed record EigenResult(double[] Values, Matrix Vectors);
