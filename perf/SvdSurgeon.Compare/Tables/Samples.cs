namespace SvdSurgeon.Compare.Tables;

/// <summary>What is made of repeated measurements.</summary>
internal static class Samples
{
    /// <summary>The middle value, or the mean of the middle two.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0)
            throw new ArgumentException("There is no median of nothing.", nameof(values));
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>p of time ∝ sizeᵖ: the slope of the least-squares line through (log size, log time).</summary>
    /// <exception cref="ArgumentException">Fewer than two different sizes, or a number that has no logarithm.</exception>
    public static double Exponent(IReadOnlyList<(double Size, double Seconds)> points)
    {
        if (points.Any(p => !(p.Size > 0) || !(p.Seconds > 0)))
            throw new ArgumentException("Sizes and times must be positive.", nameof(points));
        double[] x = [.. points.Select(p => Math.Log(p.Size))],
            y = [.. points.Select(p => Math.Log(p.Seconds))];
        if (x.Distinct().Count() < 2)
            throw new ArgumentException("An exponent needs two different sizes.", nameof(points));
        double meanX = x.Average(),
            meanY = y.Average();
        return x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / x.Sum(a => (a - meanX) * (a - meanX));
    }
}
