namespace SvdSurgeon.Architectures.Layouts;

/// <summary>A norm.</summary>
/// <param name="Name">Module name, without ".weight".</param>
/// <param name="Width">Numbers that are normed together.</param>
/// <param name="Epsilon">ε.</param>
/// <param name="Kind">Formula and parameters.</param>
internal sealed record NormLayout(string Name, int Width, float Epsilon, NormKind Kind);
