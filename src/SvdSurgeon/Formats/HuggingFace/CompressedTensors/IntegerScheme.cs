namespace SvdSurgeon.Formats.HuggingFace.CompressedTensors;

/// <summary>How a module's weight is stored in integers.</summary>
/// <param name="Bits">Bits per number, 1 to 8.</param>
/// <param name="GroupSize">Columns that share a scale; 0: the whole row.</param>
internal readonly record struct IntegerScheme(int Bits, int GroupSize);
