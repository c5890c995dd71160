namespace SvdSurgeon.Architectures.Layouts;

/// <summary>output(activation(input(x))).</summary>
/// <param name="Inputs">One module.</param>
/// <param name="Output">The other.</param>
/// <param name="Activation">Between them.</param>
internal sealed record MlpLayout(ProjectionLayout Inputs, LinearLayout Output, Activation Activation) : BlockLayout(Inputs, Output);
