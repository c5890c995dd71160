namespace SvdSurgeon.LinearAlgebra;

/// <summary>A = U diag(σ) Vᵀ with R = min(rows, columns).</summary>
/// <param name="U">Left singular vectors, rows × R, orthonormal columns.</param>
/// <param name="Sigma">Singular values, descending, length R.</param>
/// <param name="Vt">Right singular vectors, R × columns, orthonormal rows.</param>
internal sealed record SvdResult(Matrix U, double[] Sigma, Matrix Vt);
