using NUnit.Framework;
using SvdSurgeon.Compression.Ranks;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;
using static SvdSurgeon.Tests.Compression.Numbers;

namespace SvdSurgeon.Tests.Compression;

public sealed class PivotedStorageTests
{
    private static LowRankFactors Factors(int m, int n, int r, int seed) => new(Gaussian(m, r, seed), Gaussian(r, n, seed + 1000));

    [TestCase(20, 30, 7), TestCase(30, 20, 1), TestCase(9, 9, 9), TestCase(150, 40, 130), TestCase(200, 260, 128), TestCase(5, 8, 4)]
    public void Pivoted_storage_is_the_same_matrix_in_fewer_numbers(int m, int n, int r)
    {
        var factors = Factors(m, n, r, m);
        var pivoted = PivotedStorage.From(La, factors);
        AreClose(pivoted.Product(La), factors.Product(La), 1e-11);
        Assert.That(pivoted.Rank, Is.EqualTo(r));
        Assert.That(pivoted.StoredNumbers, Is.EqualTo(RankBudget.StoredNumbers(m, n, r, StorageForm.Pivoted)));
        Assert.That(pivoted.Pivots, Is.Ordered.And.Unique);
        Assert.That(pivoted.Basis.Data, Is.EqualTo(pivoted.Product(La).SelectRows(pivoted.Pivots).Data));
    }

    [Test]
    public void No_coefficient_is_above_two([Range(0, 9)] int seed)
    {
        var pivoted = PivotedStorage.From(La, Factors(60, 40, 25, seed));
        Assert.That(pivoted.Mix.Data, Is.All.EqualTo(0).Within(2 + 1e-9));
    }

    [Test]
    public void Components_of_very_different_size_keep_their_accuracy()
    {
        var factors = Factors(40, 30, 10, 2);
        for (int c = 0; c < 10; c++)
        for (int i = 0; i < 40; i++)
            factors.A[i, c] *= Math.Pow(10, -2 * c);
        var pivoted = PivotedStorage.From(La, factors);
        // The smallest component is 1e-18 of the largest: still there.
        Assert.That(pivoted.Rank, Is.EqualTo(10));
        AreClose(pivoted.Product(La), factors.Product(La), 1e-12);
    }

    [Test]
    public void Components_of_zero_take_no_room()
    {
        var factors = Factors(20, 25, 8, 3);
        for (int i = 0; i < 20; i++)
            factors.A[i, 2] = 0;
        factors.B.Row(5).Clear();
        var pivoted = PivotedStorage.From(La, factors);
        Assert.That(pivoted.Rank, Is.EqualTo(6));
        AreClose(pivoted.Product(La), factors.Product(La), 1e-11);
    }

    [Test]
    public void Components_that_depend_on_others_are_no_obstacle()
    {
        var factors = Factors(20, 25, 8, 3);
        for (int i = 0; i < 20; i++)
            factors.A[i, 6] = factors.A[i, 1] - 2 * factors.A[i, 4];
        AreClose(PivotedStorage.From(La, factors).Product(La), factors.Product(La), 1e-11);
    }

    [Test]
    public void A_matrix_of_zeros_keeps_one_row_so_that_its_size_is_known()
    {
        var pivoted = PivotedStorage.From(La, new LowRankFactors(new Matrix(6, 2), Gaussian(2, 4, 4)));
        Assert.That(pivoted.Rank, Is.EqualTo(1));
        Assert.That(pivoted.Product(La).Data, Is.All.Zero.And.Exactly(24).Items);
    }

    [Test]
    public void The_truncation_of_a_whitened_module_survives_single_precision()
    {
        var w = Gaussian(48, 64, 5);
        var factors = WhitenedSvd.Factorize(
            La,
            w,
            WhiteningFactor.Damped(La, Gram(200, 64, 6), 1e-3),
            WhiteningFactor.Damped(La, Gram(200, 48, 7), 0.3)
        );
        var lowRank = Truncation.Keep(factors, 20);
        var pivoted = PivotedStorage.From(La, lowRank);
        var rounded = new PivotedFactors(
            pivoted.Pivots,
            Matrix.FromSingles(20, 64, pivoted.Basis.ToSingles()),
            Matrix.FromSingles(28, 20, pivoted.Mix.ToSingles())
        );
        AreClose(rounded.Product(La), lowRank.Product(La), 1e-6);
    }

    [Test]
    public void A_number_that_is_not_finite_is_an_error()
    {
        var factors = Factors(6, 6, 2, 8);
        factors.A[3, 1] = double.NaN;
        Assert.That(() => PivotedStorage.From(La, factors), Throws.TypeOf<NumericalException>());
    }
}
