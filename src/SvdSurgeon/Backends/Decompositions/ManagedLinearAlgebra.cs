using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Backends.Decompositions.Triangular;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Decompositions;

/// <summary>The decompositions in managed code.</summary>
internal sealed class ManagedLinearAlgebra(ThreadTeam team) : ILinearAlgebra
{
    /// <inheritdoc/>
    public Matrix Multiply(Matrix a, Matrix b, bool transposeA = false, bool transposeB = false) =>
        MatrixProducts.Multiply(team, a, b, transposeA, transposeB);

    /// <inheritdoc/>
    public Matrix MultiplyTriangular(Matrix lower, Matrix b, Side side, bool transpose) =>
        TriangularProduct.Multiply(team, ManagedProducts.Instance, lower, b, side, transpose);

    /// <inheritdoc/>
    public double SquaredNorm(Matrix a, Matrix h) => MatrixProducts.SquaredNorm(team, ManagedProducts.Instance, a, h);

    /// <inheritdoc/>
    public bool TryCholesky(Matrix a, out Matrix lower)
    {
        a.RequireSquare("Cholesky factorization");
        return Cholesky.TryFactor(team, a, out lower);
    }

    /// <inheritdoc/>
    public Matrix SolveTriangular(Matrix lower, Matrix b, Side side, bool transpose)
    {
        TriangularSolve.Require(lower, b, side);
        return TriangularSolve.Solve(team, lower, b, side, transpose);
    }

    /// <inheritdoc/>
    public EigenResult SymmetricEigen(Matrix a)
    {
        a.RequireSquare("eigen-decomposition");
        var (values, rows) = Eigen.SymmetricEigen.Decompose(team, a);
        return new EigenResult(values, rows.Transpose());
    }

    /// <inheritdoc/>
    public SvdResult Svd(Matrix a) => GramSvd.Decompose(team, a);

    /// <inheritdoc/>
    public double TruncationError(Matrix a, int rank) => GramTruncationError.Of(team, a, rank);

    /// <inheritdoc/>
    public int ItemsAtOnce => team.ThreadsHere;

    /// <inheritdoc/>
    public void ForEach(int items, Action<int> body) => team.RunInOrder(items, body);
}
