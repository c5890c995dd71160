namespace SvdSurgeon.Evaluation;

/// <summary>A mean and its standard error, sqrt(Σ(x − mean)² / (n − 1) / n).</summary>
/// <param name="Value">Mean.</param>
/// <param name="Error">Standard error; null for a single number.</param>
internal readonly record struct Mean(double Value, double? Error)
{
    /// <summary>Mean ÷ error: how many errors it is away from 0; null without an error, or where it is 0.</summary>
    public double? T => Error is > 0 ? Value / Error : null;

    /// <summary>The mean of some numbers, at least one.</summary>
    public static Mean Of(IEnumerable<double> numbers)
    {
        double[] all = [.. numbers];
        double mean = all.Sum() / all.Length,
            squares = 0;
        foreach (double number in all)
            squares += (number - mean) * (number - mean);
        return new Mean(mean, all.Length > 1 ? Math.Sqrt(squares / (all.Length - 1) / all.Length) : null);
    }
}
