using SvdSurgeon.Evaluation;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>What a run gave.</summary>
/// <param name="Models">One for every size, in the order asked for.</param>
/// <param name="Dense">The dense model on the same windows; null without evaluation.</param>
/// <param name="Stages">Times and memory.</param>
/// <param name="Warnings">What the user should know.</param>
public sealed record BitsResult(
    IReadOnlyList<QuantizedModel> Models,
    PerplexityResult? Dense,
    IReadOnlyList<StageTime> Stages,
    IReadOnlyList<string> Warnings
);
