using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Whitening;

/// <summary>W' = A·B.</summary>
/// <param name="A">m × r.</param>
/// <param name="B">r × n.</param>
internal sealed record LowRankFactors(Matrix A, Matrix B)
{
    /// <summary>r.</summary>
    public int Rank => B.Rows;

    /// <summary>W', m × n.</summary>
    public Matrix Product(ILinearAlgebra la) => la.Multiply(A, B);
}
