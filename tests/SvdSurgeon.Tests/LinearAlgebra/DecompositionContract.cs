using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tests.Backends;

namespace SvdSurgeon.Tests.LinearAlgebra;

/// <summary>What every implementation on the CPU must do, within the same tolerances.</summary>
internal abstract class DecompositionContract
{
    private const double Tight = 1e-11;

    private readonly ThreadTeam _team = new(2);
    private ILinearAlgebra _algebra = null!;

    /// <summary>Opens the implementation, or ends the fixture with Assert.Ignore and a reason.</summary>
    private protected abstract ILinearAlgebra Open(ThreadTeam team);

    [OneTimeSetUp]
    public void OpenAlgebra() => _algebra = Open(_team);

    [OneTimeTearDown]
    public void StopThreads() => _team.Dispose();

    [Test, Combinatorial]
    public void Products_respect_both_transposes(
        [Values] bool transposeA,
        [Values] bool transposeB,
        [Values(1, 17, 64, 130)] int m,
        [Values(1, 33, 100)] int k
    )
    {
        const int n = 31;
        var a = transposeA ? Random(1, k, m) : Random(1, m, k);
        var b = transposeB ? Random(2, n, k) : Random(2, k, n);
        var c = _algebra.Multiply(a, b, transposeA, transposeB);
        for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
        {
            double sum = 0;
            for (int p = 0; p < k; p++)
                sum += (transposeA ? a[p, i] : a[i, p]) * (transposeB ? b[j, p] : b[p, j]);
            Assert.That(c[i, j], Is.EqualTo(sum).Within(Tight));
        }
    }

    [Test]
    public void A_product_over_nothing_is_zero()
    {
        // Large enough for memory that is not cleared, and most probably handed out again.
        Fill(new Matrix(200, 200));
        GC.Collect();
        Assert.That(_algebra.Multiply(new Matrix(200, 0), new Matrix(0, 200)).Data, Is.All.Zero);

        static void Fill(Matrix used) => Array.Fill(used.Data, double.NaN);
    }

    // Below, at and beyond the strips of 384 rows that it is made in.
    [TestCase(1, 1), TestCase(40, 7), TestCase(64, 129), TestCase(3, 384), TestCase(17, 385), TestCase(5, 800)]
    public void The_squared_norm_is_the_sum_over_all_rows_in_the_metric(int m, int n)
    {
        var a = Random(3, m, n);
        var h = PositiveDefinite(n);
        double sum = 0;
        for (int t = 0; t < m; t++)
        for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            sum += a[t, i] * h[i, j] * a[t, j];
        Assert.That(_algebra.SquaredNorm(a, h), Is.EqualTo(sum).Within(1e-10).Percent);
    }

    // Around the blocks of 48 rows, the spans of 192 and the panels of 4, 8 and 16 columns, and beyond one product's depth of 256.
    [
        TestCase(1),
        TestCase(2),
        TestCase(7),
        TestCase(47),
        TestCase(48),
        TestCase(49),
        TestCase(55),
        TestCase(64),
        TestCase(97),
        TestCase(131)
    ]
    [TestCase(191), TestCase(192), TestCase(193), TestCase(240), TestCase(300), TestCase(385), TestCase(575)]
    public void The_lower_factor_times_its_transpose_is_the_matrix(int n)
    {
        var a = PositiveDefinite(n);
        var input = a.Clone();
        for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++)
            input[i, j] = double.NaN;
        Assert.That(_algebra.TryCholesky(input, out var l), Is.True);
        for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++)
            Assert.That(l[i, j], Is.Zero);
        AssertNear(_algebra.Multiply(l, l, transposeB: true), a, 1e-12 * n);
    }

    // In the first, a middle and the last block, and in the first block of a span.
    [TestCase(3, 2), TestCase(200, 0), TestCase(200, 60), TestCase(200, 199), TestCase(400, 192), TestCase(400, 250)]
    public void An_indefinite_matrix_has_no_lower_factor(int n, int pivot)
    {
        var a = PositiveDefinite(n);
        a[pivot, pivot] = -1;
        Assert.That(_algebra.TryCholesky(a, out _), Is.False);
        a[pivot, pivot] = double.NaN;
        Assert.That(_algebra.TryCholesky(a, out _), Is.False);
    }

    [Test, Combinatorial]
    public void Triangular_solves_leave_no_residual(
        [Values] Side side,
        [Values] bool transpose,
        [Values(1, 2, 17, 64, 97, 150, 401, 800)] int n,
        [Values(1, 33, 70)] int others
    )
    {
        Assert.That(_algebra.TryCholesky(PositiveDefinite(n), out var l), Is.True);
        var b = side == Side.Left ? Random(3, n, others) : Random(3, others, n);
        var before = b.Clone();
        var x = _algebra.SolveTriangular(l, b, side, transpose);
        var product = side == Side.Left ? _algebra.Multiply(l, x, transposeA: transpose) : _algebra.Multiply(x, l, transposeB: transpose);
        AssertNear(product, b, Tight);
        Assert.That(b.Data, Is.EqualTo(before.Data));
    }

    [Test]
    public void A_zero_on_the_diagonal_of_a_triangle_is_named()
    {
        var l = Matrix.Identity(4);
        l[2, 2] = 0;
        var error = Assert.Throws<NumericalException>(() => _algebra.SolveTriangular(l, Random(1, 4, 3), Side.Left, false));
        Assert.That(error!.Message, Does.Contain("2"));
    }

    [TestCase(1), TestCase(2), TestCase(3), TestCase(16), TestCase(33), TestCase(100), TestCase(257), TestCase(400)]
    public void Eigenvectors_diagonalize_a_symmetric_matrix(int n)
    {
        var r = Random(4, n, n);
        var a = new Matrix(n, n);
        for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            a[i, j] = r[i, j] + r[j, i];
        AssertEigen(a);
    }

    [Test]
    public void Eigenvalues_that_repeat_or_vanish_keep_orthonormal_vectors()
    {
        AssertEigen(Matrix.Identity(70));
        AssertEigen(new Matrix(40, 40));
        var half = Random(5, 90, 20);
        AssertEigen(_algebra.Multiply(half, half, transposeB: true));
        var graded = new Matrix(80, 80);
        for (int i = 0; i < 80; i++)
            graded[i, i] = Math.Pow(10, -i / 4.0);
        AssertEigen(graded);
        var wilkinson = new Matrix(121, 121);
        for (int i = 0; i < 121; i++)
        {
            wilkinson[i, i] = Math.Abs(i - 60);
            if (i > 0)
                wilkinson[i, i - 1] = wilkinson[i - 1, i] = 1;
        }
        AssertEigen(wilkinson);
    }

    [
        TestCase(1, 1),
        TestCase(1, 9),
        TestCase(9, 1),
        TestCase(7, 16),
        TestCase(33, 33),
        TestCase(100, 31),
        TestCase(64, 200),
        TestCase(150, 150)
    ]
    public void Singular_vectors_rebuild_the_matrix(int m, int n) => AssertSvd(Random(6, m, n));

    [TestCase(60, 60), TestCase(40, 90), TestCase(120, 70)]
    public void Small_singular_values_keep_their_relative_accuracy(int m, int n)
    {
        int r = Math.Min(m, n);
        var u = Orthonormal(7, m, r);
        var v = Orthonormal(8, n, r);
        var sigma = new double[r];
        for (int i = 0; i < r; i++)
            sigma[i] = 1000 * Math.Pow(10, -9.0 * i / r);
        var a = Compose(u, sigma, v.Transpose());
        var svd = AssertSvd(a);
        for (int i = 0; i < r; i++)
            Assert.That(svd.Sigma[i], Is.EqualTo(sigma[i]).Within(1e-6 * sigma[i]), $"σ_{i}");
    }

    [TestCase(30, 30, 12), TestCase(25, 60, 24), TestCase(60, 25, 1), TestCase(20, 20, 0), TestCase(130, 140, 70)]
    public void A_rank_deficient_matrix_has_orthonormal_vectors_and_zero_values(int m, int n, int rank)
    {
        var a = rank == 0 ? new Matrix(m, n) : _algebra.Multiply(Random(9, m, rank), Random(10, rank, n));
        var svd = AssertSvd(a);
        for (int i = rank; i < svd.Sigma.Length; i++)
            Assert.That(svd.Sigma[i], Is.LessThanOrEqualTo(1e-12 * Math.Max(svd.Sigma[0], 1e-300)));
    }

    [TestCase(1e-160), TestCase(1e150)]
    public void Very_small_and_very_large_matrices_decompose(double scale)
    {
        var a = Random(11, 20, 30);
        for (int i = 0; i < a.Data.Length; i++)
            a.Data[i] *= scale;
        var scaled = _algebra.Svd(a);
        for (int i = 0; i < a.Data.Length; i++)
            a.Data[i] /= scale;
        var plain = _algebra.Svd(a);
        for (int i = 0; i < 20; i++)
            Assert.That(scaled.Sigma[i] / scale, Is.EqualTo(plain.Sigma[i]).Within(1e-10 * plain.Sigma[0]));
    }

    [TestCase(50, 80), TestCase(80, 50), TestCase(130, 131), TestCase(1, 7)]
    public void The_error_of_a_truncation_is_that_of_the_singular_values_cut_off(int m, int n)
    {
        var a = Random(12, m, n);
        double[] sigma = _algebra.Svd(a).Sigma;
        foreach (int rank in new[] { 0, 1, sigma.Length / 2, sigma.Length - 1, sigma.Length, sigma.Length + 3 })
            Assert.That(
                _algebra.TruncationError(a, rank),
                Is.EqualTo(Math.Sqrt(sigma.Skip(rank).Sum(s => s * s))).Within(1e-7).Percent,
                $"rank {rank}"
            );
    }

    // Far below the largest singular value its square's rounding would cover the rest.
    [TestCase(1), TestCase(1e-160), TestCase(1e150)]
    public void The_error_of_a_truncation_is_right_where_it_is_small(double scale)
    {
        var sigma = new double[40];
        for (int i = 0; i < sigma.Length; i++)
            sigma[i] = scale * Math.Pow(10, -0.25 * i);
        var a = Compose(Orthonormal(7, 60, 40), sigma, Orthonormal(8, 90, 40).Transpose());
        for (int rank = 0; rank < 36; rank += 5)
        {
            double expected = sigma[rank] * Math.Sqrt(sigma.Skip(rank).Sum(s => s / sigma[rank] * (s / sigma[rank])));
            Assert.That(_algebra.TruncationError(a, rank), Is.EqualTo(expected).Within(1e-6 * expected), $"rank {rank}");
        }
    }

    [Test]
    public void A_triangle_multiplies_like_the_whole_matrix([Values(1, 100, 128, 300)] int n, [Values] Side side, [Values] bool transpose)
    {
        var lower = Random(17, n, n);
        for (int i = 0; i < n; i++)
            lower.Row(i)[(i + 1)..].Clear();
        var b = side == Side.Left ? Random(18, n, 70) : Random(18, 70, n);
        var expected =
            side == Side.Left ? _algebra.Multiply(lower, b, transposeA: transpose) : _algebra.Multiply(b, lower, transposeB: transpose);
        var product = _algebra.MultiplyTriangular(lower, b, side, transpose);
        Assert.That((product.Rows, product.Columns), Is.EqualTo((expected.Rows, expected.Columns)));
        Assert.That(product.Data, Is.EqualTo(expected.Data).Within(1e-12));
        Assert.Throws<ArgumentException>(() => _algebra.MultiplyTriangular(lower, new Matrix(n + 1, n + 1), side, transpose));
    }

    [Test]
    public void Non_finite_numbers_are_refused()
    {
        var a = Random(13, 5, 5);
        a[1, 0] = double.NaN;
        Assert.Throws<NumericalException>(() => _algebra.Svd(a));
        Assert.Throws<NumericalException>(() => _algebra.TruncationError(a, 2));
        Assert.Throws<NumericalException>(() => _algebra.SymmetricEigen(a));
    }

    [Test]
    public void One_and_three_threads_give_the_same_bytes()
    {
        using var one = new ThreadTeam(1);
        using var three = new ThreadTeam(3);
        ILinearAlgebra first = Open(one),
            second = Open(three);
        var a = Random(14, 200, 320);
        var h = PositiveDefinite(210);
        var spans = PositiveDefinite(430);
        var wide = Random(16, 430, 900);
        Assert.That(second.Multiply(wide, wide, transposeB: true).Data, Is.EqualTo(first.Multiply(wide, wide, transposeB: true).Data));
        Assert.That(second.Multiply(wide, wide, transposeA: true).Data, Is.EqualTo(first.Multiply(wide, wide, transposeA: true).Data));
        Assert.That(second.Multiply(a, a, transposeB: true).Data, Is.EqualTo(first.Multiply(a, a, transposeB: true).Data));
        first.TryCholesky(h, out var l1);
        second.TryCholesky(h, out var l2);
        Assert.That(l2.Data, Is.EqualTo(l1.Data));
        first.TryCholesky(spans, out var spans1);
        second.TryCholesky(spans, out var spans2);
        Assert.That(spans2.Data, Is.EqualTo(spans1.Data));
        var b = Random(15, 210, 600);
        Assert.That(second.SolveTriangular(l1, b, Side.Left, true).Data, Is.EqualTo(first.SolveTriangular(l1, b, Side.Left, true).Data));
        Assert.That(second.SymmetricEigen(h).Vectors.Data, Is.EqualTo(first.SymmetricEigen(h).Vectors.Data));
        Assert.That(second.Svd(a).U.Data, Is.EqualTo(first.Svd(a).U.Data));
    }

    [Test]
    public void Decompositions_beside_each_other_equal_those_one_after_the_other()
    {
        var beside = new double[6][];
        _algebra.ForEach(6, i => beside[i] = _algebra.Svd(Random(i, 60 + i, 90)).Vt.Data);
        for (int i = 0; i < 6; i++)
            Assert.That(beside[i], Is.EqualTo(_algebra.Svd(Random(i, 60 + i, 90)).Vt.Data));
    }

    private void AssertEigen(Matrix a)
    {
        int n = a.Rows;
        var lower = a.Clone();
        for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++)
            lower[i, j] = 12345;
        var (values, vectors) = _algebra.SymmetricEigen(lower);
        double scale = Math.Max(1, a.Data.Max(Math.Abs));
        Assert.That(values, Is.Ordered.Descending);
        AssertNear(_algebra.Multiply(vectors, vectors, transposeA: true), Matrix.Identity(n), 1e-12);
        AssertNear(Compose(vectors, values, vectors.Transpose()), a, 1e-12 * scale * Math.Max(10, n));
    }

    private SvdResult AssertSvd(Matrix a)
    {
        var svd = _algebra.Svd(a);
        int r = Math.Min(a.Rows, a.Columns);
        Assert.That((svd.U.Rows, svd.U.Columns, svd.Sigma.Length, svd.Vt.Rows, svd.Vt.Columns), Is.EqualTo((a.Rows, r, r, r, a.Columns)));
        Assert.That(svd.Sigma, Is.Ordered.Descending);
        Assert.That(svd.Sigma, Is.All.GreaterThanOrEqualTo(0));
        AssertNear(_algebra.Multiply(svd.U, svd.U, transposeA: true), Matrix.Identity(r), 1e-6);
        AssertNear(_algebra.Multiply(svd.Vt, svd.Vt, transposeB: true), Matrix.Identity(r), 1e-6);
        AssertNear(Compose(svd.U, svd.Sigma, svd.Vt), a, 1e-11 * Math.Max(1e-300, svd.Sigma[0]));
        return svd;
    }

    private Matrix Compose(Matrix u, double[] sigma, Matrix vt)
    {
        var scaled = u.Clone();
        for (int i = 0; i < u.Rows; i++)
        for (int j = 0; j < u.Columns; j++)
            scaled[i, j] *= sigma[j];
        return _algebra.Multiply(scaled, vt);
    }

    private Matrix PositiveDefinite(int n)
    {
        var half = Random(n, n, n + 5);
        var a = _algebra.Multiply(half, half, transposeB: true);
        for (int i = 0; i < n; i++)
            a[i, i] += n;
        return a;
    }

    // Gram–Schmidt, twice.
    private static Matrix Orthonormal(int seed, int rows, int columns)
    {
        var q = Random(seed, columns, rows);
        for (int i = 0; i < columns; i++)
        for (int pass = 0; pass < 2; pass++)
        {
            for (int j = 0; j < i; j++)
            {
                double dot = 0;
                for (int t = 0; t < rows; t++)
                    dot += q[i, t] * q[j, t];
                for (int t = 0; t < rows; t++)
                    q[i, t] -= dot * q[j, t];
            }
            double norm = Math.Sqrt(q.Row(i).ToArray().Sum(x => x * x));
            foreach (ref double x in q.Row(i))
                x /= norm;
        }
        return q.Transpose();
    }

    private static Matrix Random(int seed, int rows, int columns) => new(rows, columns, RandomNumbers.Doubles(seed, rows * columns));

    private static void AssertNear(Matrix actual, Matrix expected, double tolerance)
    {
        Assert.That((actual.Rows, actual.Columns), Is.EqualTo((expected.Rows, expected.Columns)));
        double worst = 0;
        for (int i = 0; i < actual.Data.Length; i++)
            worst = Math.Max(worst, Math.Abs(actual.Data[i] - expected.Data[i]));
        // Math.Max keeps what is not a number; to Is.LessThan it would be less than anything.
        Assert.That(worst <= tolerance, $"off by {worst}");
    }
}
