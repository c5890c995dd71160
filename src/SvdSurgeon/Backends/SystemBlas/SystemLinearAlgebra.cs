using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Backends.Decompositions;
using SvdSurgeon.Backends.Decompositions.Triangular;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.SystemBlas;

/// <summary>
/// Products, Cholesky factors, triangular solves and eigenvectors through the BLAS and LAPACK of the system; singular values are ours. A
/// row-major matrix is its transpose to LAPACK, so a lower triangle is passed as an upper one. Every call runs on one thread; modules are
/// decomposed beside each other. Older kernels of OpenBLAS (Prescott's, which processors unknown to it get, and Sandybridge's) add in an
/// order that depends on the address of an array, so LAPACK works on aligned copies.
/// </summary>
internal sealed unsafe class SystemLinearAlgebra(ThreadTeam team, BlasLibrary library) : ILinearAlgebra
{
    private const int RightHandSidesAnItem = 256;

    private readonly BlasFunctions _blas = library.Functions;
    private readonly SystemProducts _products = new(library.Functions);

    /// <inheritdoc/>
    public Matrix Multiply(Matrix a, Matrix b, bool transposeA = false, bool transposeB = false) =>
        MatrixProducts.Multiply(team, _products, a, b, transposeA, transposeB);

    /// <inheritdoc/>
    public Matrix MultiplyTriangular(Matrix lower, Matrix b, Side side, bool transpose) =>
        TriangularProduct.Multiply(team, _products, lower, b, side, transpose);

    /// <inheritdoc/>
    public double SquaredNorm(Matrix a, Matrix h) => MatrixProducts.SquaredNorm(team, _products, a, h);

    /// <inheritdoc/>
    public bool TryCholesky(Matrix a, out Matrix lower)
    {
        a.RequireSquare("Cholesky factorization");
        int n = a.Rows,
            info;
        lower = new Matrix(n, n);
        if (n == 0)
            return true;
        byte upper = (byte)'U';
        using var aligned = new Workspace((nuint)a.Data.Length * sizeof(double));
        double* l = (double*)aligned.Pointer;
        a.Data.CopyTo(new Span<double>(l, a.Data.Length));
        _blas.Dpotrf(&upper, &n, l, &n, &info, 1);
        if (info != 0)
            return false;
        for (int i = 0; i < n; i++)
        {
            var row = new Span<double>(l + (long)i * n, i + 1);
            // A number that is not one reaches the diagonal of its row.
            if (!(row[i] > 0 && double.IsFinite(row[i])))
                return false;
            row.CopyTo(lower.Row(i));
        }
        return true;
    }

    /// <inheritdoc/>
    public Matrix SolveTriangular(Matrix lower, Matrix b, Side side, bool transpose)
    {
        TriangularSolve.Require(lower, b, side);
        var x = b.Clone();
        bool left = side == Side.Left;
        int n = lower.Rows,
            sides = left ? b.Columns : b.Rows,
            items = (sides + RightHandSidesAnItem - 1) / RightHandSidesAnItem;
        team.Run(
            items,
            item =>
            {
                int first = item * RightHandSidesAnItem,
                    count = Math.Min(RightHandSidesAnItem, sides - first);
                fixed (
                    double* l = lower.Data,
                        px = x.Data
                )
                    _blas.Dtrsm(
                        BlasFunctions.RowMajor,
                        left ? BlasFunctions.Left : BlasFunctions.Right,
                        BlasFunctions.Lower,
                        transpose ? BlasFunctions.Transpose : BlasFunctions.NoTranspose,
                        BlasFunctions.NonUnit,
                        left ? n : count,
                        left ? count : n,
                        1,
                        l,
                        n,
                        px + (left ? first : (long)first * n),
                        x.Columns
                    );
            }
        );
        return x;
    }

    /// <inheritdoc/>
    public EigenResult SymmetricEigen(Matrix a)
    {
        a.RequireSquare("eigen-decomposition");
        a.LargestOfLower("eigen-decomposition");
        int n = a.Rows,
            info,
            work = -1,
            integers = -1,
            neededIntegers;
        var values = new double[n];
        if (n == 0)
            return new EigenResult(values, a.Clone());
        byte vectors = (byte)'V',
            upper = (byte)'U';
        double needed;
        using var aligned = new Workspace((nuint)a.Data.Length * sizeof(double));
        double* rows = (double*)aligned.Pointer;
        a.Data.CopyTo(new Span<double>(rows, a.Data.Length));
        fixed (double* w = values)
        {
            _blas.Dsyevd(&vectors, &upper, &n, rows, &n, w, &needed, &work, &neededIntegers, &integers, &info, 1, 1);
            (work, integers) = ((int)needed, neededIntegers);
            using var scratch = new Workspace((nuint)work * sizeof(double));
            fixed (int* whole = new int[integers])
                _blas.Dsyevd(&vectors, &upper, &n, rows, &n, w, (double*)scratch.Pointer, &work, whole, &integers, &info, 1, 1);
        }
        if (info != 0)
            throw new NumericalException(
                $"dsyevd of {library.Name} did not converge on a {n} × {n} matrix (info {info}). --blas managed computes without it."
            );
        // LAPACK's values ascend; its columns are our rows.
        Array.Reverse(values);
        var result = new Matrix(n, n);
        for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            result.Data[j * n + n - 1 - i] = rows[i * n + j];
        return new EigenResult(values, result);
    }

    // dgesdd takes twice as long as our own on every shape measured (perf/KERNELS.md).
    /// <inheritdoc/>
    public SvdResult Svd(Matrix a) => GramSvd.Decompose(team, a);

    /// <inheritdoc/>
    public double TruncationError(Matrix a, int rank) => GramTruncationError.Of(team, a, rank);

    /// <inheritdoc/>
    public int ItemsAtOnce => team.ThreadsHere;

    /// <inheritdoc/>
    public void ForEach(int items, Action<int> body) => team.RunInOrder(items, body);
}
