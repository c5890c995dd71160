using SvdSurgeon.Compression.Numerics;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Whitening;

/// <summary>
/// The singular value decompositions that compression starts from: S_gᵀ W S_x = U Σ Vᵀ, with one, both or none of the factors, in the form
/// W = Σ_i σ_i · left_i · right_iᵀ with left = S_g⁻ᵀ U and right = Vᵀ S_x⁻¹.
/// </summary>
internal static class WhitenedSvd
{
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
}
