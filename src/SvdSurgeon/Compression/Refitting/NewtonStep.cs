using SvdSurgeon.Compression.Numerics;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Refitting;

/// <summary>
/// One step of Newton's method on the weights of a compressed module, with the Kronecker-factored second-order model of the loss that
/// two-sided whitening rests on, F = (1/N) C ⊗ H. It goes through all of weight space; truncating where it leads is the projection back
/// onto the matrices of rank r.
/// </summary>
internal static class NewtonStep
{
    /// <summary>a_x: damping of H.</summary>
    public const double InputDamping = 1e-3;

    /// <summary>a_g: damping of C.</summary>
    public const double OutputDamping = 0.1;

    /// <summary>
    /// The output side of the second-order model at a compressed model: half what the dense model's loss is sensitive to, half where the
    /// two models' predictions differ, both with the trace of the first.
    /// </summary>
    /// <param name="dense">Σ_t d_t d_tᵀ of the next-token loss at the dense model, m × m.</param>
    /// <param name="divergence">Σ_t d_t d_tᵀ of the divergence at the compressed model, m × m.</param>
    public static Matrix OutputGram(Matrix dense, Matrix divergence)
    {
        double measured = Trace(divergence),
            ratio = measured > 0 ? Trace(dense) / measured : 0;
        var gram = new Matrix(dense.Rows, dense.Columns);
        for (int i = 0; i < gram.Data.Length; i++)
            gram.Data[i] = 0.5 * dense.Data[i] + 0.5 * ratio * divergence.Data[i];
        return gram;
    }

    /// <summary>
    /// D = S_g⁻¹ G S_x⁻ᵀ: with Z = S_gᵀ W S_x the second-order model is the identity, its gradient is the whole step, and a step of length
    /// s leads to Z − s·D, which is W − s·C⁻¹ G H⁻¹.
    /// </summary>
    /// <param name="gradient">G = ∂L/∂W, m × n.</param>
    /// <param name="input">Factor of H, the inputs' Gram matrix.</param>
    /// <param name="output">Factor of C, the output gradients' Gram matrix.</param>
    /// <exception cref="NumericalException">G holds a non-finite number.</exception>
    public static Matrix Direction(Matrix gradient, WhiteningFactor input, WhiteningFactor output)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        FiniteNumbers.Require(gradient, "The gradient");
        return output.WhitenGradientRows(input.WhitenGradient(gradient));
    }

    /// <summary>Z − s·D.</summary>
    /// <param name="whitened">Z, m × n; overwritten and returned.</param>
    /// <param name="direction">D, m × n.</param>
    /// <param name="length">s.</param>
    public static Matrix Target(Matrix whitened, Matrix direction, double length)
    {
        ArgumentNullException.ThrowIfNull(whitened);
        ArgumentNullException.ThrowIfNull(direction);
        for (int i = 0; i < whitened.Data.Length; i++)
            whitened.Data[i] -= length * direction.Data[i];
        return whitened;
    }

    private static double Trace(Matrix a)
    {
        double trace = 0;
        for (int i = 0; i < a.Rows; i++)
            trace += a[i, i];
        return trace;
    }
}
