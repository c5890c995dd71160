using SvdSurgeon.Compression.Numerics;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Whitening;

/// <summary>
/// S with S Sᵀ = H, the change of variables in which the error that matters is the Frobenius norm. Computed once from a Gram matrix and
/// shared by all modules that read the same input (q, k, v; gate, up). On the output side (two-sided whitening) Sᵀ multiplies W from the
/// left.
/// </summary>
internal abstract class WhiteningFactor
{
    /// <summary>Directions with eigenvalues at or below this fraction of the largest are dropped by <see cref="Eigen"/>.</summary>
    public const double DefaultEigenThreshold = 1e-10;

    private const string TheGram = "The Gram matrix";

    private protected WhiteningFactor(int size) => Size = size;

    /// <summary>n, the width of the input (or m, of the output).</summary>
    public int Size { get; }

    /// <summary>What was added to the diagonal of H to make it positive definite; 0 when nothing was.</summary>
    public double AddedJitter { get; private protected init; }

    /// <summary>Directions without input that were left out (eigen-decomposition only).</summary>
    public int DroppedDirections { get; private protected init; }

    /// <summary>W S: the columns of <paramref name="w"/> whitened.</summary>
    public abstract Matrix Whiten(Matrix w);

    /// <summary>V S⁻¹ for the rows of <paramref name="v"/>, by solving, never by an inverse.</summary>
    public abstract Matrix Unwhiten(Matrix v);

    /// <summary>G S⁻ᵀ: what a gradient with respect to W becomes with respect to W S.</summary>
    public abstract Matrix WhitenGradient(Matrix g);

    /// <summary>Sᵀ W: the rows of <paramref name="w"/> whitened, where S belongs to the outputs.</summary>
    public virtual Matrix WhitenRows(Matrix w) => Whiten(w.Transpose()).Transpose();

    /// <summary>S⁻ᵀ U.</summary>
    public virtual Matrix UnwhitenRows(Matrix u) => Unwhiten(u.Transpose()).Transpose();

    /// <summary>S⁻¹ G: what a gradient with respect to W becomes with respect to Sᵀ W.</summary>
    public virtual Matrix WhitenGradientRows(Matrix g) => WhitenGradient(g.Transpose()).Transpose();

    /// <summary>
    /// H + jitter·I = L Lᵀ, S = L (SVD-LLM, truncation-aware whitening). Never fails for a finite H: singular, zero or with zero columns.
    /// </summary>
    /// <exception cref="NumericalException">H holds a non-finite number.</exception>
    public static WhiteningFactor Cholesky(ILinearAlgebra la, Matrix gram) =>
        new Triangular(la, PositiveDefinite.Factor(la, gram, TheGram, out double jitter), jitter);

    /// <summary>S = L, a Cholesky factor that was computed before.</summary>
    /// <param name="la">Decompositions.</param>
    /// <param name="lower">L, zeros above its diagonal.</param>
    internal static WhiteningFactor FromLower(ILinearAlgebra la, Matrix lower) => new Triangular(la, lower, 0);

    /// <summary>
    /// Cholesky factor of (1 − a)H + a·mean(diag H)·I (two-sided whitening: a = 1e-3 for inputs, 0.3 for output gradients).
    /// </summary>
    /// <exception cref="NumericalException">H holds a non-finite number.</exception>
    /// <exception cref="InvalidInputException">The damping is not between 0 and 1.</exception>
    public static WhiteningFactor Damped(ILinearAlgebra la, Matrix gram, double damping) => Cholesky(la, WhitenedSvd.Damp(gram, damping));

    /// <summary>L of <see cref="Damped"/>, for <see cref="FromLower"/>.</summary>
    /// <exception cref="NumericalException">H holds a non-finite number.</exception>
    internal static Matrix DampedLower(ILinearAlgebra la, Matrix gram, double damping) =>
        PositiveDefinite.Factor(la, WhitenedSvd.Damp(gram, damping), TheGram, out _);

    /// <summary>
    /// H = QΛQᵀ, S = QΛ^½ (SVD-LLM V2). Directions with λ ≤ ε·λ_max carry no input: they are left out, and S⁻¹ is the pseudo-inverse. Exact
    /// where H is singular, without jitter.
    /// </summary>
    /// <exception cref="NumericalException">H holds a non-finite number.</exception>
    public static WhiteningFactor Eigen(ILinearAlgebra la, Matrix gram, double threshold = DefaultEigenThreshold)
    {
        FiniteNumbers.Require(gram, TheGram);
        var (values, vectors) = la.SymmetricEigen(gram);
        int kept = 0;
        while (kept < values.Length && values[kept] > 0 && values[kept] > threshold * values[0])
            kept++;
        return new Spectral(la, vectors.ColumnRange(0, kept), values.AsSpan(0, kept));
    }

    /// <summary>
    /// A diagonal S. Entries below a millionth of the largest (inputs that are never active, rows without gradient) are raised to it, so
    /// that unscaling stays finite.
    /// </summary>
    /// <exception cref="NumericalException">An entry is negative or not finite.</exception>
    public static WhiteningFactor Diagonal(ReadOnlySpan<double> scale)
    {
        FiniteNumbers.Require(scale, "The scaling");
        double largest = 0;
        foreach (double s in scale)
        {
            if (s < 0)
                throw new NumericalException("The scaling holds a negative number.");
            largest = Math.Max(largest, s);
        }
        var floored = scale.ToArray();
        foreach (ref double s in floored.AsSpan())
            s = largest == 0 ? 1 : Math.Max(s, 1e-6 * largest);
        return new Scaling(floored);
    }

    /// <summary>The diagonal S of the roots of <paramref name="squares"/>.</summary>
    /// <exception cref="NumericalException">A root is not a finite number.</exception>
    internal static WhiteningFactor DiagonalRoots(double[] squares) => Diagonal(squares.Select(Math.Sqrt).ToArray());

    private sealed class Triangular : WhiteningFactor
    {
        private readonly ILinearAlgebra _la;
        private readonly Matrix _lower;

        public Triangular(ILinearAlgebra la, Matrix lower, double jitter)
            : base(lower.Rows)
        {
            (_la, _lower) = (la, lower);
            AddedJitter = jitter;
        }

        public override Matrix Whiten(Matrix w) => _la.MultiplyTriangular(_lower, w, Side.Right, transpose: false);

        public override Matrix Unwhiten(Matrix v) => _la.SolveTriangular(_lower, v, Side.Right, transpose: false);

        public override Matrix WhitenGradient(Matrix g) => _la.SolveTriangular(_lower, g, Side.Right, transpose: true);

        public override Matrix WhitenRows(Matrix w) => _la.MultiplyTriangular(_lower, w, Side.Left, transpose: true);

        public override Matrix UnwhitenRows(Matrix u) => _la.SolveTriangular(_lower, u, Side.Left, transpose: true);

        public override Matrix WhitenGradientRows(Matrix g) => _la.SolveTriangular(_lower, g, Side.Left, transpose: false);
    }

    private sealed class Spectral : WhiteningFactor
    {
        private readonly ILinearAlgebra _la;
        private readonly Matrix _vectors;
        private readonly double[] _roots;

        public Spectral(ILinearAlgebra la, Matrix vectors, ReadOnlySpan<double> values)
            : base(vectors.Rows)
        {
            (_la, _vectors) = (la, vectors);
            _roots = values.ToArray();
            foreach (ref double v in _roots.AsSpan())
                v = Math.Sqrt(v);
            DroppedDirections = vectors.Rows - vectors.Columns;
        }

        public override Matrix Whiten(Matrix w)
        {
            var rotated = _la.Multiply(w, _vectors);
            for (int i = 0; i < rotated.Rows; i++)
            for (int j = 0; j < _roots.Length; j++)
                rotated[i, j] *= _roots[j];
            return rotated;
        }

        // On the directions that are kept S⁻ᵀ = QΛ^-½.
        public override Matrix WhitenGradient(Matrix g)
        {
            var rotated = _la.Multiply(g, _vectors);
            for (int i = 0; i < rotated.Rows; i++)
            for (int j = 0; j < _roots.Length; j++)
                rotated[i, j] /= _roots[j];
            return rotated;
        }

        public override Matrix Unwhiten(Matrix v)
        {
            var scaled = v.Clone();
            for (int i = 0; i < scaled.Rows; i++)
            for (int j = 0; j < _roots.Length; j++)
                scaled[i, j] /= _roots[j];
            return _la.Multiply(scaled, _vectors, transposeB: true);
        }
    }

    private sealed class Scaling(double[] scale) : WhiteningFactor(scale.Length)
    {
        public override Matrix Whiten(Matrix w) => Scale(w, scale, divide: false);

        public override Matrix Unwhiten(Matrix v) => Scale(v, scale, divide: true);

        public override Matrix WhitenGradient(Matrix g) => Scale(g, scale, divide: true);

        private static Matrix Scale(Matrix x, double[] scale, bool divide)
        {
            var y = x.Clone();
            for (int i = 0; i < y.Rows; i++)
            {
                var row = y.Row(i);
                for (int j = 0; j < row.Length; j++)
                    row[j] = divide ? row[j] / scale[j] : row[j] * scale[j];
            }
            return y;
        }
    }
}
