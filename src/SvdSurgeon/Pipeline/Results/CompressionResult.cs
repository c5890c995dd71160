using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.Results;

/// <summary>What a run gave.</summary>
/// <param name="Models">One a ratio, in the order asked for.</param>
/// <param name="Stages">Times and memory.</param>
/// <param name="Warnings">What the user should know: sentences with the numbers and the way out.</param>
public sealed record CompressionResult(
    IReadOnlyList<CompressedModel> Models,
    IReadOnlyList<StageTime> Stages,
    IReadOnlyList<string> Warnings
)
{
    /// <summary>The dense model on the same windows; null without evaluation.</summary>
    public Evaluation.PerplexityResult? Dense { get; init; }
}
