using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Whitening;

/// <summary>From kept components to the two stored factors, and what was lost.</summary>
internal static class Truncation
{
    /// <summary>The first <paramref name="rank"/> components with their own singular values.</summary>
    public static LowRankFactors Keep(SpectralFactors factors, int rank) =>
        Keep(factors, FirstIndices(rank), factors.Sigma.AsSpan(0, rank));

    /// <summary>A = left_S diag(σ)^½ and B = diag(σ)^½ right_S.</summary>
    /// <param name="factors">Components of W.</param>
    /// <param name="kept">S: ascending indices of the kept components, each with vectors.</param>
    /// <param name="sigma">Singular values of the kept components, as they are or as the surgeon corrected them; none below 0.</param>
    public static LowRankFactors Keep(SpectralFactors factors, ReadOnlySpan<int> kept, ReadOnlySpan<double> sigma)
    {
        if (kept.Length != sigma.Length)
            throw new ArgumentException($"{kept.Length} components cannot have {sigma.Length} singular values.", nameof(sigma));
        if (kept.Length > 0 && kept[^1] >= factors.Components)
            throw new ArgumentException($"Component {kept[^1]} was asked for, {factors.Components} have vectors.", nameof(kept));
        var a = factors.Left.SelectColumns(kept);
        var b = factors.Right.SelectRows(kept);
        var roots = new double[kept.Length];
        for (int c = 0; c < kept.Length; c++)
        {
            roots[c] = Math.Sqrt(sigma[c]);
            if (!double.IsFinite(roots[c]))
                throw new NumericalException($"Singular value {kept[c]} is {sigma[c]}, which is not a finite number at or above 0.");
            foreach (ref double v in b.Row(c))
                v *= roots[c];
        }
        for (int i = 0; i < a.Rows; i++)
        {
            var row = a.Row(i);
            for (int c = 0; c < row.Length; c++)
                row[c] *= roots[c];
        }
        return new LowRankFactors(a, b);
    }

    /// <summary>sqrt(Σ_{i>r} σ_i²): with one-sided whitening exactly ‖(W − W')Xᵀ‖_F, with plain SVD ‖W − W'‖_F.</summary>
    public static double Error(ReadOnlySpan<double> sigma, int rank) => TruncationError.Of(sigma, rank);

    /// <summary>‖(W − W')Xᵀ‖_F = sqrt(tr((W − W') H (W − W')ᵀ)), from the Gram matrix H = XᵀX alone.</summary>
    public static double Error(ILinearAlgebra la, Matrix w, Matrix approximation, Matrix gram) =>
        Norm(la, Difference(w, approximation), gram);

    /// <summary>‖WXᵀ‖_F = sqrt(tr(H WᵀW)), from the Gram matrix H = XᵀX alone.</summary>
    public static double Norm(ILinearAlgebra la, Matrix w, Matrix gram) => Math.Sqrt(Math.Max(la.SquaredNorm(w, gram), 0));

    /// <summary>a − b.</summary>
    internal static Matrix Difference(Matrix a, Matrix b)
    {
        var difference = new Matrix(a.Rows, a.Columns);
        for (int i = 0; i < difference.Data.Length; i++)
            difference.Data[i] = a.Data[i] - b.Data[i];
        return difference;
    }

    /// <summary>0, 1, …, count − 1.</summary>
    internal static int[] FirstIndices(int count)
    {
        var indices = new int[count];
        for (int i = 0; i < count; i++)
            indices[i] = i;
        return indices;
    }
}
