namespace SvdSurgeon.LinearAlgebra;

/// <summary>What cutting off singular values costs.</summary>
internal static class TruncationError
{
    /// <summary>The root of the sum of squares of all singular values (descending) but the first <paramref name="rank"/>.</summary>
    public static double Of(ReadOnlySpan<double> sigma, int rank)
    {
        if (rank >= sigma.Length || sigma[rank] == 0)
            return 0;
        // In units of the largest, whose square may overflow or vanish.
        double unit = sigma[rank],
            sum = 0;
        for (int i = sigma.Length - 1; i >= rank; i--)
            sum += sigma[i] / unit * (sigma[i] / unit);
        return unit * Math.Sqrt(sum);
    }
}
