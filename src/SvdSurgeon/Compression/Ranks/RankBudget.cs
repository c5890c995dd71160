using SvdSurgeon.Compression.Storage;

namespace SvdSurgeon.Compression.Ranks;

/// <summary>How many components a module of m × n may keep, and what they cost.</summary>
internal static class RankBudget
{
    /// <summary>r = max(1, ⌊ρ·m·n / (m + n)⌋), rounded as the published programs round.</summary>
    /// <param name="m">Rows of W.</param>
    /// <param name="n">Columns of W.</param>
    /// <param name="keepRatio">ρ, the kept fraction of the module's parameters, above 0 and below 1.</param>
    /// <exception cref="InvalidInputException">The ratio is not a kept fraction.</exception>
    public static int Rank(int m, int n, double keepRatio)
    {
        RequireKeepRatio(keepRatio);
        return Math.Max(1, (int)((double)((long)m * n) * keepRatio / (m + n)));
    }

    /// <summary>The largest rank whose stored numbers, indices included, fit into ρ·m·n; at least 1.</summary>
    public static int Rank(int m, int n, double keepRatio, StorageForm form)
    {
        if (form == StorageForm.Factored)
            return Rank(m, n, keepRatio);
        RequireKeepRatio(keepRatio);
        double budget = (double)m * n * keepRatio;
        // r(m + n − r) + r grows with r up to r = min(m, n), so bisection finds the last rank that fits.
        int fits = 1,
            tooMany = Math.Min(m, n) + 1;
        while (tooMany - fits > 1)
        {
            int middle = (fits + tooMany) / 2;
            if (StoredNumbers(m, n, middle, form) <= budget)
                fits = middle;
            else
                tooMany = middle;
        }
        return fits;
    }

    /// <summary>Stored numbers of a module of rank r, indices included.</summary>
    public static long StoredNumbers(int m, int n, int rank, StorageForm form = StorageForm.Factored) =>
        form == StorageForm.Factored ? (long)rank * (m + n) : (long)rank * (m + n - rank) + rank;

    /// <summary>True when a module of rank r would not be smaller than the dense one, so that it stays as it is.</summary>
    public static bool StaysDense(int m, int n, int rank, StorageForm form = StorageForm.Factored) =>
        StoredNumbers(m, n, rank, form) >= (long)m * n;

    private static void RequireKeepRatio(double keepRatio)
    {
        if (!(keepRatio is > 0 and < 1))
            throw new InvalidInputException(
                $"--ratio {keepRatio}: the kept fraction must be above 0 and below 1. To keep 80 % of the parameters write --ratio 0.8."
            );
    }
}
