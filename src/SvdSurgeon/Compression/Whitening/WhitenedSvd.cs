using SvdSurgeon.Compression.Numerics;
using SvdSurgeon.Compression.Ranks;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Whitening;

/// <summary>
/// The singular value decompositions that compression starts from: S_gᵀ W S_x = U Σ Vᵀ, with one, both or none of the factors, in the form
/// W = Σ_i σ_i · left_i · right_iᵀ with left = S_g⁻ᵀ U and right = Vᵀ S_x⁻¹.
/// </summary>
public static class WhitenedSvd
{
    /// <summary>a_x: damping of the input side of two-sided whitening.</summary>
    public const double DefaultInputDamping = 1e-3;

    /// <summary>a_g: damping of the output side of two-sided whitening.</summary>
    public const double DefaultOutputDamping = 0.3;

    /// <summary>W = U Σ Vᵀ.</summary>
    public static SpectralFactors Plain(ILinearAlgebra la, Matrix w, int maxComponents = int.MaxValue) =>
        Factorize(la, w, null, null, maxComponents);

    /// <summary>ASVD (Yuan et al., 2023): SVD of W S with S = diag(mean_t |X_tj|)^½, unscaled.</summary>
    /// <param name="la">Decompositions.</param>
    /// <param name="w">W, m × n.</param>
    /// <param name="meanAbsoluteInput">mean_t |X_tj|, length n.</param>
    /// <param name="maxComponents">Components that get vectors.</param>
    public static SpectralFactors ActivationScaled(
        ILinearAlgebra la,
        Matrix w,
        ReadOnlySpan<double> meanAbsoluteInput,
        int maxComponents = int.MaxValue
    ) => Factorize(la, w, WhiteningFactor.Diagonal(Roots(meanAbsoluteInput)), null, maxComponents);

    /// <summary>FWSVD (Hsu et al., 2022): row i of W scaled by (Σ_j F_ij)^½, SVD, unscaled.</summary>
    /// <param name="la">Decompositions.</param>
    /// <param name="w">W, m × n.</param>
    /// <param name="rowFisher">Σ_j F_ij, F the Fisher information of the weights, length m; a common factor cancels.</param>
    /// <param name="maxComponents">Components that get vectors.</param>
    public static SpectralFactors FisherWeighted(
        ILinearAlgebra la,
        Matrix w,
        ReadOnlySpan<double> rowFisher,
        int maxComponents = int.MaxValue
    ) => Factorize(la, w, null, WhiteningFactor.Diagonal(Roots(rowFisher)), maxComponents);

    /// <summary>SVD-LLM: SVD of W S with S Sᵀ = H. Dropping component i costs exactly σ_i² of ‖(W − W')Xᵀ‖_F².</summary>
    /// <param name="la">Decompositions.</param>
    /// <param name="w">W, m × n.</param>
    /// <param name="input">Factor of H = XᵀX.</param>
    /// <param name="maxComponents">Components that get vectors.</param>
    public static SpectralFactors OneSided(ILinearAlgebra la, Matrix w, WhiteningFactor input, int maxComponents = int.MaxValue) =>
        Factorize(la, w, input, null, maxComponents);

    /// <summary>
    /// Two-sided (Kronecker-factored) whitening: SVD of L_gᵀ W L_x. Here ½Σ_{dropped} σ_i² estimates the loss itself, in the same unit for
    /// every module, which is what <see cref="SpectrumAllocation"/> rests on.
    /// </summary>
    /// <param name="la">Decompositions.</param>
    /// <param name="w">W, m × n.</param>
    /// <param name="input">Factor of Σ_t x_t x_tᵀ, damped by <see cref="DefaultInputDamping"/>.</param>
    /// <param name="output">Factor of Σ_t d_t d_tᵀ, d_t the loss gradient at the module's output, damped by
    /// <see cref="DefaultOutputDamping"/>.</param>
    /// <param name="maxComponents">Components that get vectors.</param>
    public static SpectralFactors TwoSided(
        ILinearAlgebra la,
        Matrix w,
        WhiteningFactor input,
        WhiteningFactor output,
        int maxComponents = int.MaxValue
    ) => Factorize(la, w, input, output, maxComponents);

    /// <summary>SVD of S_gᵀ W S_x; a factor that is null is the identity.</summary>
    /// <returns>All R = min(m, n) singular values, and vectors for the first <paramref name="maxComponents"/> of them. Components that the
    /// eigen-decomposition of a singular H left out have σ = 0 and zero vectors.</returns>
    /// <exception cref="NumericalException">W holds a non-finite number.</exception>
    public static SpectralFactors Factorize(
        ILinearAlgebra la,
        Matrix w,
        WhiteningFactor? input,
        WhiteningFactor? output,
        int maxComponents = int.MaxValue
    ) => Factorize(la, [new WhiteningTask(w, input, output, maxComponents)])[0];

    /// <summary>
    /// As <see cref="Factorize(ILinearAlgebra, Matrix, WhiteningFactor?, WhiteningFactor?, int)"/> for several modules, whose
    /// decompositions a device may take together.
    /// </summary>
    /// <exception cref="NumericalException">A W holds a non-finite number.</exception>
    public static IReadOnlyList<SpectralFactors> Factorize(ILinearAlgebra la, IReadOnlyList<WhiteningTask> tasks)
    {
        var whitened = new List<Matrix>();
        var empty = new bool[tasks.Count];
        for (int i = 0; i < empty.Length; i++)
        {
            var a = tasks[i].Whiten();
            // A factor that leaves out every direction leaves nothing to decompose.
            empty[i] = a.Rows == 0 || a.Columns == 0;
            if (!empty[i])
                whitened.Add(a);
        }
        var decomposed = la.Svd(whitened);
        var factors = new SpectralFactors[tasks.Count];
        for (int i = 0, next = 0; i < factors.Length; i++)
            factors[i] = tasks[i].Unwhiten(empty[i] ? null : decomposed[next++]);
        return factors;
    }

    /// <summary>(1 − a)H + a·mean(diag H)·I.</summary>
    /// <exception cref="InvalidInputException">The damping is not between 0 and 1.</exception>
    public static Matrix Damp(Matrix gram, double damping)
    {
        if (!(damping is >= 0 and <= 1))
            throw new InvalidInputException($"A whitening damping of {damping} is not between 0 and 1.");
        double mean = PositiveDefinite.MeanDiagonal(gram);
        var damped = new Matrix(gram.Rows, gram.Columns);
        for (int i = 0; i < damped.Data.Length; i++)
            damped.Data[i] = (1 - damping) * gram.Data[i];
        for (int i = 0; i < damped.Rows; i++)
            damped[i, i] += damping * mean;
        return damped;
    }

    private static double[] Roots(ReadOnlySpan<double> values)
    {
        var roots = values.ToArray();
        foreach (ref double v in roots.AsSpan())
            v = Math.Sqrt(v);
        return roots;
    }
}
