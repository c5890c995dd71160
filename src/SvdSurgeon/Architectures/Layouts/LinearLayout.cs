namespace SvdSurgeon.Architectures.Layouts;

/// <summary>A matrix of the model, m × n.</summary>
/// <param name="Name">Module name, without ".weight".</param>
/// <param name="OutFeatures">m.</param>
/// <param name="InFeatures">n.</param>
/// <param name="Bias">The configuration says that it has one.</param>
internal sealed record LinearLayout(string Name, int OutFeatures, int InFeatures, bool Bias = false);
