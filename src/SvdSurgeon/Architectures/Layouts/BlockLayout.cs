namespace SvdSurgeon.Architectures.Layouts;

/// <summary>A block of a layer: projections of its input, something in between, a projection back to the width of the stream.</summary>
/// <param name="Inputs">The modules that read the block's input.</param>
/// <param name="Output">The module that gives its output.</param>
internal abstract record BlockLayout(ProjectionLayout Inputs, LinearLayout Output);
