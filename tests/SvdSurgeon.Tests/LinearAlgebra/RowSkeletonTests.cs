using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Backends.Decompositions;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tests.Backends;

namespace SvdSurgeon.Tests.LinearAlgebra;

public sealed class RowSkeletonTests
{
    private readonly ThreadTeam _team = new(2);
    private readonly ILinearAlgebra _algebra;

    public RowSkeletonTests() => _algebra = new ManagedLinearAlgebra(_team);

    [OneTimeTearDown]
    public void StopThreads() => _team.Dispose();

    [TestCase(1, 1), TestCase(7, 1), TestCase(20, 20), TestCase(33, 17), TestCase(200, 70), TestCase(150, 149), TestCase(300, 130)]
    public void The_other_rows_follow_from_the_chosen_ones_with_small_coefficients(int m, int r) => AssertSkeleton(Random(1, m, r));

    [TestCase(90, 30)]
    public void Badly_scaled_columns_do_not_let_coefficients_grow(int m, int r)
    {
        var a = Random(2, m, r);
        for (int i = 0; i < m; i++)
        for (int j = 0; j < r; j++)
            a[i, j] *= Math.Pow(10, -j / 4.0);
        AssertSkeleton(a);
    }

    [Test]
    public void Elimination_alone_would_let_coefficients_grow()
    {
        // Kahan-like: partial pivoting keeps the order, and the last row's coefficients double from column to column.
        const int r = 20;
        var a = new Matrix(r + 1, r);
        for (int i = 0; i <= r; i++)
        for (int j = 0; j < r; j++)
            a[i, j] =
                i == j ? 1
                : i > j ? -1
                : 0;
        AssertSkeleton(a);
    }

    [TestCase(60, 20, 7), TestCase(60, 20, 0), TestCase(100, 80, 79)]
    public void A_rank_below_the_number_of_columns_is_allowed(int m, int r, int rank)
    {
        var a = rank == 0 ? new Matrix(m, r) : _algebra.Multiply(Random(3, m, rank), Random(4, rank, r));
        AssertSkeleton(a);
    }

    [Test]
    public void A_wide_or_non_finite_matrix_is_refused()
    {
        Assert.Throws<ArgumentException>(() => RowSkeleton.Choose(new Matrix(2, 3), _algebra));
        var a = Random(5, 4, 2);
        a[3, 1] = double.PositiveInfinity;
        Assert.Throws<NumericalException>(() => RowSkeleton.Choose(a, _algebra));
    }

    private void AssertSkeleton(Matrix a)
    {
        int m = a.Rows,
            r = a.Columns;
        var (pivots, mix) = RowSkeleton.Choose(a, _algebra);
        Assert.That(pivots, Is.Ordered.Ascending.And.Unique.And.Length.EqualTo(r));
        Assert.That((mix.Rows, mix.Columns), Is.EqualTo((m - r, r)));
        Assert.That(mix.Data, Is.All.InRange(-2 - 1e-9, 2 + 1e-9));
        int[] others = [.. Enumerable.Range(0, m).Except(pivots)];
        var rebuilt = _algebra.Multiply(mix, a.SelectRows(pivots));
        double largest = a.Data.Max(Math.Abs);
        for (int i = 0; i < others.Length; i++)
        for (int j = 0; j < r; j++)
            Assert.That(rebuilt[i, j], Is.EqualTo(a[others[i], j]).Within(1e-11 * largest));
    }

    private static Matrix Random(int seed, int rows, int columns) => new(rows, columns, RandomNumbers.Doubles(seed, rows * columns));
}
