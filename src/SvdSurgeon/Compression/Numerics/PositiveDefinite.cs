using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Numerics;

/// <summary>
/// Cholesky factors and solutions of symmetric matrices that are positive definite in exact arithmetic but not always in numbers.
/// </summary>
internal static class PositiveDefinite
{
    /// <summary>Pivots below this fraction of the largest diagonal entry are rounding, not information.</summary>
    private const double RelativePivotFloor = 1e-15;

    /// <summary>First jitter, as a fraction of the mean diagonal.</summary>
    private const double FirstJitter = 1e-10;

    /// <summary>
    /// What takes the place of a zero mean diagonal: small enough to count for nothing, large enough for half precision factors.
    /// </summary>
    private const double JitterOfZero = 1e-12;

    /// <summary>
    /// L with a + jitter·I = L Lᵀ. The jitter starts at 0 and then at 1e-10 of the mean diagonal and grows by ten until the factorization
    /// succeeds, so it always does: for zero, singular and slightly indefinite matrices too.
    /// </summary>
    /// <exception cref="NumericalException">The matrix holds a non-finite number.</exception>
    public static Matrix Factor(ILinearAlgebra la, Matrix a, string what, out double jitter)
    {
        FiniteNumbers.Require(a, what);
        jitter = 0;
        if (la.TryCholesky(a, out var lower))
            return lower;
        RequireNoNegativeDiagonal(a, what);
        double mean = MeanDiagonal(a);
        double next = mean > 0 ? FirstJitter * mean : JitterOfZero;
        for (; double.IsFinite(next); next *= 10)
        {
            jitter = next;
            if (la.TryCholesky(AddToDiagonal(a, jitter), out lower))
                return lower;
        }
        throw new NumericalException($"{what} cannot be factored: its numbers are too large.");
    }

    /// <summary>(a + ridge·I)⁻¹ b, by Cholesky, and by eigenvalues (the zero ones left out) where that fails.</summary>
    public static Matrix Solve(ILinearAlgebra la, Matrix a, double ridge, Matrix b)
    {
        var damped = AddToDiagonal(a, ridge);
        if (TryFactor(la, damped, out var lower))
            return Solve(la, lower, b);
        var (values, vectors) = la.SymmetricEigen(damped);
        var coefficients = la.Multiply(vectors, b, transposeA: true);
        double floor = EigenvalueFloor(values);
        for (int i = 0; i < values.Length; i++)
        {
            double inverse = values[i] > floor ? 1 / values[i] : 0;
            foreach (ref double c in coefficients.Row(i))
                c *= inverse;
        }
        return la.Multiply(vectors, coefficients);
    }

    /// <summary>(L Lᵀ)⁻¹ b.</summary>
    public static Matrix Solve(ILinearAlgebra la, Matrix lower, Matrix b) =>
        la.SolveTriangular(lower, la.SolveTriangular(lower, b, Side.Left, transpose: false), Side.Left, transpose: true);

    /// <summary>Cholesky that refuses pivots which are only rounding.</summary>
    public static bool TryFactor(ILinearAlgebra la, Matrix a, out Matrix lower)
    {
        if (!la.TryCholesky(a, out lower))
            return false;
        double largest = 0,
            smallest = double.PositiveInfinity;
        for (int i = 0; i < a.Rows; i++)
        {
            largest = Math.Max(largest, a[i, i]);
            smallest = Math.Min(smallest, lower[i, i] * lower[i, i]);
        }
        return smallest > RelativePivotFloor * largest * a.Rows;
    }

    /// <summary>Eigenvalues at or below this are zero but for rounding.</summary>
    public static double EigenvalueFloor(double[] descending) =>
        descending.Length == 0 ? 0 : Math.Max(descending[0], 0) * RelativePivotFloor * descending.Length;

    /// <summary>a + value·I, copied.</summary>
    public static Matrix AddToDiagonal(Matrix a, double value)
    {
        var sum = a.Clone();
        for (int i = 0; i < sum.Rows; i++)
            sum[i, i] += value;
        return sum;
    }

    // A Gram matrix has none but for rounding; a jitter that hides a real one would hide a mistake.
    private static void RequireNoNegativeDiagonal(Matrix a, string what)
    {
        double largest = 0,
            smallest = 0;
        for (int i = 0; i < a.Rows; i++)
        {
            largest = Math.Max(largest, Math.Abs(a[i, i]));
            smallest = Math.Min(smallest, a[i, i]);
        }
        if (smallest < -1e-3 * largest)
            throw new NumericalException($"{what} has {smallest} on its diagonal, so it is no sum of squares.");
    }

    /// <summary>Mean of the diagonal; 0 for an empty matrix.</summary>
    public static double MeanDiagonal(Matrix a)
    {
        double trace = 0;
        for (int i = 0; i < a.Rows; i++)
            trace += a[i, i];
        return a.Rows == 0 ? 0 : trace / a.Rows;
    }
}
