using SvdSurgeon.Compression.Numerics;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Surgery;

/// <summary>
/// H̄ of the first k components, ready for the surgeon: ḠᵀḠ + ridge·I with Ḡ (N × k, N &lt; k: everything below then works in N dimensions
/// by the Woodbury identity), or the full matrix.
/// </summary>
internal sealed class FisherPool
{
    private readonly ILinearAlgebra _la;
    private readonly Matrix? _gradients;
    private readonly Matrix? _full;
    private readonly double[] _gradientSum;
    private readonly double _gradientScale;

    internal FisherPool(
        ILinearAlgebra la,
        long samples,
        Matrix? gradients,
        Matrix? full,
        double[] gradientSum,
        double gradientScale = 1,
        double ridge = 0,
        double shrinkageIntensity = 0
    )
    {
        (_la, Samples, _gradients, _full, _gradientSum, _gradientScale, Ridge) = (
            la,
            samples,
            gradients,
            full,
            gradientSum,
            gradientScale,
            ridge
        );
        ShrinkageIntensity = shrinkageIntensity;
        Size = gradientSum.Length;
        Diagonal = new double[Size];
        for (int i = 0; i < Size; i++)
            Diagonal[i] = ridge + (full is null ? ColumnNorm2(gradients!, i) : full[i, i]);
    }

    /// <summary>k.</summary>
    public int Size { get; }

    /// <summary>N.</summary>
    public long Samples { get; }

    /// <summary>λ of the shrinkage, 0 when there was none.</summary>
    public double ShrinkageIntensity { get; }

    /// <summary>True when Ḡ is held and the Woodbury identity is used.</summary>
    public bool HoldsGradients => _gradients is not null;

    internal double[] Diagonal { get; }
    internal double Ridge { get; }
    internal Matrix? Gradients => _gradients;

    /// <summary>A pool over a given H̄ (k × k), for tests and for Fishers from elsewhere.</summary>
    public static FisherPool FromMatrix(ILinearAlgebra la, Matrix fisher, long samples = 0, double[]? gradientSum = null)
    {
        FiniteNumbers.Require(fisher, "The spectral Fisher");
        return new FisherPool(la, samples, null, fisher, gradientSum ?? new double[fisher.Rows]);
    }

    /// <summary>H̄, k × k, the ridge included.</summary>
    public Matrix ToMatrix()
    {
        var matrix = _full ?? _la.Multiply(_gradients!, _gradients!, transposeA: true);
        return PositiveDefinite.AddToDiagonal(matrix, Ridge);
    }

    /// <summary>H̄[rows, columns], the ridge left out.</summary>
    internal Matrix Block(ReadOnlySpan<int> rows, ReadOnlySpan<int> columns) =>
        _full is null
            ? _la.Multiply(_gradients!.SelectColumns(rows), _gradients.SelectColumns(columns), transposeA: true)
            : _full.SelectRows(rows).SelectColumns(columns);

    /// <summary>½ δᵀ H̄ δ.</summary>
    internal double HalfQuadratic(ReadOnlySpan<double> delta)
    {
        var column = new Matrix(Size, 1, delta.ToArray());
        double quadratic = Ridge * Dot(delta, delta);
        if (_full is null)
        {
            var projected = _la.Multiply(_gradients!, column);
            quadratic += Dot(projected.Data, projected.Data);
        }
        else
            quadratic += Dot(delta, _la.Multiply(_full, column).Data);
        return 0.5 * Math.Max(quadratic, 0);
    }

    /// <summary>Σ_b ḡ_b of the given components.</summary>
    internal Matrix GradientSum(ReadOnlySpan<int> components)
    {
        var sum = new Matrix(components.Length, 1);
        for (int i = 0; i < components.Length; i++)
            sum[i, 0] = _gradientSum[components[i]];
        return sum;
    }

    /// <summary>u with Ḡᵀu = Σ_b ḡ_b: a vector of equal entries, since shrinkage scales all samples alike (gradient form only).</summary>
    internal double GradientSumWeight => 1 / _gradientScale;

    /// <summary>(1 − λ)H̄ + λμI, μ = mean(diag H̄).</summary>
    internal FisherPool Shrink(double? sumOfNorm4)
    {
        double mu = 0,
            square = SquaredFrobenius();
        foreach (double d in Diagonal)
            mu += d / Size;
        if (mu == 0 || Samples == 0)
            return this;
        // One sample has no spread to learn from.
        double lambda = sumOfNorm4 is { } norm4 && Samples > 1 ? LedoitWolf(mu, square, norm4) : OracleApproximating(mu, square);
        double scale = Math.Sqrt(1 - lambda);
        if (lambda == 1)
            return new FisherPool(_la, Samples, null, new Matrix(Size, Size), _gradientSum, 1, mu, lambda);
        return _gradients is not null
            ? new FisherPool(_la, Samples, Scaled(_gradients, scale), null, _gradientSum, scale, lambda * mu, lambda)
            : new FisherPool(_la, Samples, null, Scaled(_full!, 1 - lambda), _gradientSum, 1, lambda * mu, lambda);
    }

    // With S = H̄/N: λ = min(b̄², d²)/d², d² = ‖S − μI‖²_F and b̄² = (Σ_b ‖ḡ_b‖⁴/N − ‖S‖²_F)/N, the spread of the samples' own estimates.
    private double LedoitWolf(double mu, double square, double norm4)
    {
        double n = Samples,
            distance = (square - Size * mu * mu) / (n * n),
            spread = (norm4 / n - square / (n * n)) / n;
        return distance <= 0 ? 1 : Math.Clamp(spread / distance, 0, 1);
    }

    // λ = ((1 − 2/k) tr S² + tr² S) / ((N + 1 − 2/k)(tr S² − tr² S/k)).
    private double OracleApproximating(double mu, double square)
    {
        double k = Size,
            trace = k * mu,
            denominator = (Samples + 1 - 2 / k) * (square - trace * trace / k);
        return denominator <= 0 ? 1 : Math.Clamp(((1 - 2 / k) * square + trace * trace) / denominator, 0, 1);
    }

    private double SquaredFrobenius()
    {
        // ‖ḠᵀḠ‖_F = ‖ḠḠᵀ‖_F, the smaller of the two.
        var matrix = _full ?? _la.Multiply(_gradients!, _gradients!, transposeB: true);
        return Dot(matrix.Data, matrix.Data);
    }

    private static Matrix Scaled(Matrix a, double factor)
    {
        var scaled = a.Clone();
        foreach (ref double v in scaled.Data.AsSpan())
            v *= factor;
        return scaled;
    }

    private static double ColumnNorm2(Matrix a, int column)
    {
        double sum = 0;
        for (int i = 0; i < a.Rows; i++)
            sum += a[i, column] * a[i, column];
        return sum;
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }
}
