namespace SvdSurgeon.Architectures.Layouts;

/// <summary>down(activation(gate(x)) ∘ up(x)).</summary>
/// <param name="Inputs">Gives gate and up.</param>
/// <param name="Output">Down.</param>
/// <param name="Activation">Of the gate.</param>
internal sealed record GatedMlpLayout(ProjectionLayout Inputs, LinearLayout Output, Activation Activation) : BlockLayout(Inputs, Output);
