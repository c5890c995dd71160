namespace SvdSurgeon.LinearAlgebra;

/// <summary>
/// The decompositions the methods are made of, in float64 on host matrices: managed by default, a native library or cuBLAS/cuSOLVER
/// behind the same calls. Same input, same bytes, whatever the number of threads.
/// </summary>
internal interface ILinearAlgebra
{
    /// <summary>op(a) · op(b).</summary>
    Matrix Multiply(Matrix a, Matrix b, bool transposeA = false, bool transposeB = false);

    /// <summary>op(L) B (left) or B op(L) (right), L lower triangular with zeros above its diagonal, op the transpose when asked.</summary>
    Matrix MultiplyTriangular(Matrix lower, Matrix b, Side side, bool transpose) =>
        side == Side.Left ? Multiply(lower, b, transposeA: transpose) : Multiply(b, lower, transposeB: transpose);

    /// <summary>tr(A H Aᵀ) for a symmetric H: the sum of squares of A's rows in the metric of H.</summary>
    double SquaredNorm(Matrix a, Matrix h)
    {
        var product = Multiply(a, h);
        double sum = 0;
        for (int i = 0; i < a.Data.Length; i++)
            sum += product.Data[i] * a.Data[i];
        return sum;
    }

    /// <summary>
    /// Lower Cholesky factor, a = L Lᵀ (strict upper triangle zero); false when a is not positive definite. Reads the lower triangle only.
    /// </summary>
    bool TryCholesky(Matrix a, out Matrix lower);

    /// <summary>
    /// Solves op(L) X = B (left) or X op(L) = B (right) for X, L lower triangular, op the transpose when asked. B is not changed.
    /// </summary>
    Matrix SolveTriangular(Matrix lower, Matrix b, Side side, bool transpose);

    /// <summary>Eigen-decomposition of a symmetric matrix; reads the lower triangle only.</summary>
    EigenResult SymmetricEigen(Matrix a);

    /// <summary>Thin singular value decomposition.</summary>
    SvdResult Svd(Matrix a);

    /// <summary>
    /// Matrices whose sides are at or below this, and equal, are decomposed faster together than one by one; 0 where that is never so.
    /// </summary>
    int LargestBatchedSide => 0;

    /// <summary>The decompositions of several matrices; a device may take those of equal shape together.</summary>
    IReadOnlyList<SvdResult> Svd(IReadOnlyList<Matrix> matrices) => [.. matrices.Select(Svd)];

    /// <summary>‖A − A_k‖_F of the best A_k of rank k: the root of the sum of squares of all singular values but the first k.</summary>
    double TruncationError(Matrix a, int rank) => LinearAlgebra.TruncationError.Of(Svd(a).Sigma, rank);

    /// <summary>How many items of <see cref="ForEach"/> run at a time.</summary>
    int ItemsAtOnce => 1;

    /// <summary>
    /// Calls <paramref name="body"/> once for every item in [0, items), several at a time where that helps: for many small independent
    /// decompositions. Decompositions inside an item run on one thread. Returns when all are done; the first error is thrown.
    /// </summary>
    void ForEach(int items, Action<int> body)
    {
        for (int i = 0; i < items; i++)
            body(i);
    }
}
