namespace SvdSurgeon.Pipeline.Bits;

/// <summary>A model of integers that could be made.</summary>
/// <param name="Name">Name that its folder would have.</param>
/// <param name="Bits">Bits per weight of the linear modules, everything stored for them counted.</param>
/// <param name="Bytes">Size of all weight files.</param>
/// <param name="PredictedLoss">Σ tr(C E H_g Eᵀ)/tr C over the modules; null where it was not measured.</param>
/// <param name="Modules">How many linear modules have how many bits, ascending.</param>
internal sealed record BitsPoint(string Name, double Bits, long Bytes, double? PredictedLoss, IReadOnlyDictionary<int, int> Modules);
