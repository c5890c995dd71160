using SvdSurgeon.Compression.Refitting;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>
/// The sequential pass: modules are fitted, in order of the data flow, to the outputs of the dense model with the inputs of the compressed
/// one.
/// </summary>
/// <param name="Strength">β, 0 to 1: how much of the least-squares correction is applied.</param>
/// <param name="Damping">λ, relative to the mean diagonal of the inputs' Gram matrix.</param>
internal sealed record SequentialOptions(double Strength = 1, double Damping = SequentialTarget.DefaultDamping);
