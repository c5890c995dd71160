using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>The decompositions in managed code.</summary>
internal sealed class ManagedLinearAlgebra(ThreadTeam team) : ILinearAlgebra
{
    /// <inheritdoc/>
    public Matrix Multiply(Matrix a, Matrix b, bool transposeA = false, bool transposeB = false) => MatrixProducts.Multiply(team, a, b, transposeA, transposeB);

    /// <inheritdoc/>
    public bool TryCholesky(Matrix a, out Matrix lower)
    {
        RequireSquare(a, "Cholesky factorization");
        return Cholesky.TryFactor(team, a, out lower);
    }

    /// <inheritdoc/>
    public Matrix SolveTriangular(Matrix lower, Matrix b, Side side, bool transpose)
    {
        RequireSquare(lower, "triangular solve");
        if ((side == Side.Left ? b.Rows : b.Columns) != lower.Rows)
            throw new ArgumentException($"A {lower.Rows} × {lower.Rows} triangle cannot be solved with {b.Rows} × {b.Columns}.", nameof(b));
        // X op(L) = B is op(L)ᵀ Xᵀ = Bᵀ.
        return side == Side.Left ? TriangularSolve.Left(team, lower, b, transpose) : TriangularSolve.Left(team, lower, b.Transpose(), !transpose).Transpose();
    }

    /// <inheritdoc/>
    public EigenResult SymmetricEigen(Matrix a)
    {
        RequireSquare(a, "eigen-decomposition");
        var (values, rows) = LinearAlgebra.SymmetricEigen.Decompose(team, a);
        return new EigenResult(values, rows.Transpose());
    }

    /// <inheritdoc/>
    public SvdResult Svd(Matrix a) => GramSvd.Decompose(team, a);

    /// <inheritdoc/>
    public double[] SingularValues(Matrix a) => Svd(a).Sigma;

    /// <inheritdoc/>
    public void ForEach(int items, Action<int> body) => team.Run(items, body);

    private static void RequireSquare(Matrix a, string what)
    {
        if (a.Rows != a.Columns) throw new ArgumentException($"The {what} needs a square matrix, not {a.Rows} × {a.Columns}.", nameof(a));
    }
}
