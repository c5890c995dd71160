using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Backends.Decompositions.Eigen;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Decompositions;

/// <summary>
/// What cutting off singular values costs, from the eigenvalues of the smaller Gram matrix alone: vectors and exact small values, which
/// take most of a decomposition's time, are not needed for their sum.
/// </summary>
internal static class GramTruncationError
{
    // An eigenvalue is wrong by n ε λ₁ at most; their sum has to be right to this share of it.
    private const double Accuracy = 1e-6,
        Epsilon = 1.1e-16;

    // Squares of numbers beyond overflow or vanish.
    private const double Smallest = 1e-100,
        Largest = 1e100;

    /// <summary>The root of the sum of squares of all singular values but the first <paramref name="rank"/>.</summary>
    public static double Of(ThreadTeam team, Matrix a, int rank)
    {
        double largest = a.Largest("singular value decomposition");
        int n = Math.Min(a.Rows, a.Columns);
        if (rank >= n)
            return 0;
        if (largest is >= Smallest and <= Largest)
        {
            double[] values = SymmetricEigen.Values(team, MatrixProducts.LowerGram(team, a, ofColumns: a.Rows > a.Columns));
            double sum = 0;
            for (int i = n - 1; i >= rank; i--)
                sum += Math.Max(values[i], 0);
            if (sum * Accuracy >= (n - rank) * (n * Epsilon * values[0]))
                return Math.Sqrt(sum);
        }
        return TruncationError.Of(GramSvd.Decompose(team, a).Sigma, rank);
    }
}
