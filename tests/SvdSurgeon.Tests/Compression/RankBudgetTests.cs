using NUnit.Framework;
using SvdSurgeon.Compression.Ranks;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Surgery;

namespace SvdSurgeon.Tests.Compression;

public sealed class RankBudgetTests
{
    // int(m * n * ratio / (m + n)) of Python.
    [TestCase(576, 576, 0.8, 230)]
    [TestCase(1536, 576, 0.6, 251)]
    [TestCase(192, 576, 0.4, 57)]
    [TestCase(100, 100, 0.58, 29)]
    [TestCase(4, 4, 0.01, 1)]
    public void Rank_is_rounded_down_and_at_least_one(int m, int n, double ratio, int rank) =>
        Assert.That(RankBudget.Rank(m, n, ratio), Is.EqualTo(rank));

    [TestCase(0.0), TestCase(1.0), TestCase(1.5), TestCase(-0.1), TestCase(double.NaN)]
    public void A_ratio_that_is_no_kept_fraction_is_refused(double ratio) =>
        Assert.That(() => RankBudget.Rank(10, 10, ratio), Throws.TypeOf<InvalidInputException>().With.Message.Contains("--ratio"));

    [Test]
    public void The_pool_adds_a_fraction_of_the_components_beyond_the_rank()
    {
        Assert.That(ComponentPool.Size(22, 30, 6, 0.4), Is.EqualTo(12));
        Assert.That(ComponentPool.Size(22, 30, 6, 1), Is.EqualTo(22));
        Assert.That(ComponentPool.Size(22, 30, 22, 0.5), Is.EqualTo(22));
    }

    [Test]
    public void Pivoted_storage_gives_the_largest_rank_that_fits()
    {
        foreach (var (m, n) in new[] { (576, 1536), (64, 64), (7, 30), (1, 5) })
        foreach (double ratio in new[] { 0.1, 0.4, 0.8, 0.99 })
        {
            int rank = RankBudget.Rank(m, n, ratio, StorageForm.Pivoted);
            double budget = ratio * m * n;
            Assert.That(
                rank == 1 || RankBudget.StoredNumbers(m, n, rank, StorageForm.Pivoted) <= budget,
                $"{m} × {n} at {ratio}: {rank} fits"
            );
            Assert.That(
                rank == Math.Min(m, n) || RankBudget.StoredNumbers(m, n, rank + 1, StorageForm.Pivoted) > budget,
                $"{m} × {n} at {ratio}: {rank + 1} does not"
            );
            Assert.That(rank, Is.GreaterThanOrEqualTo(RankBudget.Rank(m, n, ratio) - 1));
        }
    }

    [Test]
    public void A_module_that_would_not_shrink_stays_dense()
    {
        Assert.That(RankBudget.StaysDense(10, 10, 5), Is.True);
        Assert.That(RankBudget.StaysDense(10, 10, 4), Is.False);
        Assert.That(RankBudget.StaysDense(10, 10, 7, StorageForm.Pivoted), Is.False);
        Assert.That(RankBudget.StaysDense(10, 10, 10, StorageForm.Pivoted), Is.True);
    }
}
