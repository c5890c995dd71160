using SvdSurgeon.Quantization;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>A matrix of a module, rounded.</summary>
/// <param name="Name">Name of its tensor.</param>
/// <param name="Matrix">Integers and scales.</param>
/// <param name="Positions">What was rounded, in units of the scales; null where nobody asked.</param>
internal sealed record RoundedMatrix(string Name, QuantizedMatrix Matrix, float[]? Positions);
