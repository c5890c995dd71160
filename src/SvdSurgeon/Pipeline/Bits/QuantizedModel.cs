using SvdSurgeon.Evaluation;
using SvdSurgeon.Pipeline.Results;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>A model of integers on disk.</summary>
/// <param name="Name">Name of its folder in the output folder.</param>
/// <param name="Bits">Bits per weight of the linear modules, everything stored for them counted.</param>
/// <param name="Bytes">Size of all weight files.</param>
/// <param name="Modules">How many linear modules have how many bits, ascending; 16 for those whose rows no group divides.</param>
/// <param name="PredictedLoss">Σ tr(C E H_g Eᵀ)/tr C over the modules, the quantity that the bits were chosen by; null for equal
/// bits.</param>
/// <param name="Folder">The model's folder.</param>
/// <param name="Perplexity">Where it was evaluated.</param>
/// <param name="Steps">What the steps after the rounding gave on held-out calibration sequences; empty where there were none.</param>
public sealed record QuantizedModel(
    string Name,
    double Bits,
    long Bytes,
    IReadOnlyDictionary<int, int> Modules,
    double? PredictedLoss,
    string Folder,
    PerplexityResult? Perplexity,
    IReadOnlyList<AutoStep> Steps
);
