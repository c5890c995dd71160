namespace SvdSurgeon.Evaluation.Speed;

/// <summary>Repeated measurements of one thing.</summary>
/// <param name="Values">In the order measured, at least one.</param>
internal sealed record Repeats(IReadOnlyList<double> Values)
{
    /// <summary>The middle one, or the mean of the two in the middle.</summary>
    public double Median
    {
        get
        {
            double[] ordered = [.. Values.Order()];
            int middle = ordered.Length / 2;
            return ordered.Length % 2 == 1 ? ordered[middle] : (ordered[middle - 1] + ordered[middle]) / 2;
        }
    }

    /// <summary>The smallest one.</summary>
    public double Least => Values.Min();

    /// <summary>The largest one.</summary>
    public double Most => Values.Max();
}
