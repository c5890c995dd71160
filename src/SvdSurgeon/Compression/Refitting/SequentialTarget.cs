using SvdSurgeon.Compression.Numerics;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Refitting;

/// <summary>
/// What a module should compute once its inputs are those of the model compressed so far: the weights whose outputs on X_c come closest to
/// W's outputs on X_f, as far as β says.
/// </summary>
internal static class SequentialTarget
{
    /// <summary>λ, as a fraction of the mean diagonal of X_cᵀX_c.</summary>
    public const double DefaultDamping = 1e-3;

    /// <summary>W̃ = W + β·W(X_f − X_c)ᵀX_c (X_cᵀX_c + λI)⁻¹.</summary>
    /// <param name="la">Decompositions.</param>
    /// <param name="w">W, m × n.</param>
    /// <param name="cross">X_fᵀX_c, n × n: row i is feature i in the dense model, column j feature j in the compressed one, the same
    /// tokens.</param>
    /// <param name="gram">X_cᵀX_c.</param>
    /// <param name="strength">β, 0 to 1: 0 gives W, 1 the least-squares solution.</param>
    /// <param name="damping">λ relative to mean(diag X_cᵀX_c).</param>
    /// <exception cref="NumericalException">An argument holds a non-finite number.</exception>
    public static Matrix Weights(ILinearAlgebra la, Matrix w, Matrix cross, Matrix gram, double strength, double damping = DefaultDamping)
    {
        FiniteNumbers.Require(w, "The weight matrix");
        FiniteNumbers.Require(cross, "The cross Gram matrix");
        if (strength == 0)
            return w.Clone();
        var damped = PositiveDefinite.AddToDiagonal(gram, damping * PositiveDefinite.MeanDiagonal(gram));
        var lower = PositiveDefinite.Factor(la, damped, "The Gram matrix", out _);
        // (X_f − X_c)ᵀX_c = cross − gram, and X (L Lᵀ)⁻¹ by two solves from the right.
        var pull = la.Multiply(w, Truncation.Difference(cross, gram));
        var correction = la.SolveTriangular(
            lower,
            la.SolveTriangular(lower, pull, Side.Right, transpose: true),
            Side.Right,
            transpose: false
        );
        var target = w.Clone();
        for (int i = 0; i < target.Data.Length; i++)
            target.Data[i] += strength * correction.Data[i];
        return target;
    }
}
