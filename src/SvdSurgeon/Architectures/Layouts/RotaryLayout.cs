namespace SvdSurgeon.Architectures.Layouts;

/// <summary>Rotary positions: the pairs (x_i, x_{i + d/2}) of each head turn by position · θ^(−2i/d).</summary>
/// <param name="Dim">d: the first so many numbers of a head turn.</param>
/// <param name="Theta">θ.</param>
/// <param name="Scaling">How the frequencies are stretched.</param>
internal sealed record RotaryLayout(int Dim, double Theta, RopeScaling Scaling);
