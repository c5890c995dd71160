using SvdSurgeon.Evaluation;

namespace SvdSurgeon.Cli.Output.Sweep;

/// <summary>One method at one size, on the windows that all others were measured on.</summary>
/// <param name="Method">The preset's name, or "integers".</param>
/// <param name="Size">"kept 0.8" or "4.5 bits".</param>
/// <param name="Bytes">Size of the weight files.</param>
/// <param name="Losses">Mean loss of every window, nats.</param>
/// <param name="Dense">The dense model's.</param>
internal sealed record SweepCell(string Method, string Size, long Bytes, double[] Losses, double[] Dense)
{
    // Two standard errors: by chance alone one difference in twenty is larger.
    private const double Significant = 2;

    /// <summary>Mean loss.</summary>
    public double MeanLoss => Losses.Average();

    /// <summary>Perplexity.</summary>
    public double Perplexity => Math.Exp(MeanLoss);

    /// <summary>Increase of the loss over the dense model's, window by window: ln(perplexity / dense perplexity) and its error.</summary>
    public Mean Excess => Difference(Dense);

    /// <summary>Whether this is better than all others of its size by more than chance.</summary>
    public bool IsBest(IEnumerable<SweepCell> cells) =>
        cells.Where(other => other != this && other.Size == Size).ToList() is { Count: > 0 } others
        && others.TrueForAll(other => Difference(other.Losses) is var d && d.Value < 0 && d.Value < -Significant * (d.Error ?? double.NaN));

    private Mean Difference(double[] others) => Mean.Of(Losses.Zip(others, (mine, other) => mine - other));
}
