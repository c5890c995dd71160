using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends;

/// <summary>
/// Sum of xᵀx over blocks of rows: float32 products inside a block, float64 sums across blocks. With the CPU's own products h_ij is within
/// 2e-7 √(h_ii h_jj) of what float64 gives throughout, whatever the number of rows.
/// </summary>
internal abstract class GramAccumulator(int n) : IDisposable
{
    /// <summary>Width.</summary>
    public int Size { get; } = n;

    /// <summary>Adds xᵀx; x is [T, n].</summary>
    public abstract void Add(Tensor x);

    /// <summary>The full symmetric matrix.</summary>
    public abstract Matrix ToMatrix();

    /// <summary>Adds the lower triangle, row by row, to <paramref name="lower"/> (n(n+1)/2 numbers) and starts again from zero.</summary>
    public abstract void MoveTo(Span<double> lower);

    /// <summary>Frees the memory.</summary>
    public abstract void Dispose();
}
