using System.Globalization;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>Perplexity on the evaluation data at most (1 + <paramref name="Increase"/>) times the dense model's.</summary>
/// <param name="Increase">A fraction, above 0.</param>
internal sealed record PerplexityTarget(double Increase) : CompressionTarget
{
    /// <inheritdoc/>
    public override string Text => string.Create(CultureInfo.InvariantCulture, $"--target-ppl-increase {100 * Increase:0.####}%");
}
