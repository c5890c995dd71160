namespace SvdSurgeon.Compression.Surgery;

/// <summary>How many components take part in the correction.</summary>
internal static class ComponentPool
{
    /// <summary>
    /// k = r + ⌊α(R − r)⌋ with R = min(m, n): the components whose spectral gradients the surgeon needs (SVD-Surgeon, section 4).
    /// </summary>
    public static int Size(int m, int n, int rank, double poolFraction) => Size(Math.Min(m, n), rank, poolFraction);

    /// <summary>k = r + ⌊α(R − r)⌋ for <paramref name="components"/> = R singular values.</summary>
    public static int Size(int components, int rank, double poolFraction)
    {
        if (!(poolFraction is >= 0 and <= 1))
            throw new InvalidInputException($"--alpha {poolFraction}: the pool fraction must be between 0 and 1.");
        return Math.Min(components, rank + (int)((components - rank) * poolFraction));
    }
}
