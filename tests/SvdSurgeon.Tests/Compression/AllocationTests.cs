using System.Diagnostics;
using System.Text.Json;
using NUnit.Framework;
using SvdSurgeon.Compression.Ranks;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Surgery;
using static SvdSurgeon.Tests.Compression.Numbers;

namespace SvdSurgeon.Tests.Compression;

public sealed class AllocationTests
{
    private static AllocationCandidate[][] RandomModules(int count, int candidates, int seed)
    {
        var random = new Random(seed);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ =>
                {
                    int size = random.Next(50, 400);
                    double scale = random.NextDouble() * 10;
                    // Measured losses are not monotone.
                    return Enumerable
                        .Range(1, candidates)
                        .Select(j => new AllocationCandidate(
                            (double)j / candidates,
                            j,
                            (long)size * j / candidates,
                            scale * Math.Exp(-3.0 * j / candidates) + 0.2 * (random.NextDouble() - 0.5)
                        ))
                        .ToArray();
                }),
        ];
    }

    private static double BruteForce(long[][] costs, double[][] losses, long budget, int module = 0)
    {
        if (module == costs.Length)
            return 0;
        double best = double.PositiveInfinity;
        for (int j = 0; j < costs[module].Length; j++)
            if (costs[module][j] <= budget)
                best = Math.Min(best, losses[module][j] + BruteForce(costs, losses, budget - costs[module][j], module + 1));
        return best;
    }

    [Test]
    public void Allocation_reaches_the_golden_optimum()
    {
        using var golden = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.Copied("algorithms", "allocation.json")));
        var root = golden.RootElement;
        double[] ratios = [.. root.GetProperty("candidates").EnumerateArray().Select(e => e.GetDouble())];
        var modules = root.GetProperty("parameters")
            .EnumerateArray()
            .Zip(
                root.GetProperty("loss").EnumerateArray(),
                (p, l) =>
                    p.EnumerateArray()
                        .Zip(l.EnumerateArray(), (cost, loss) => (Cost: cost.GetInt64(), Loss: loss.GetDouble()))
                        .Select((c, j) => new AllocationCandidate(ratios[j], j, c.Cost, c.Loss))
                        .ToArray()
            )
            .ToArray();
        long budget = root.GetProperty("budget").GetInt64();

        var choice = RankAllocation.Optimal(modules, budget);
        Assert.That(RankAllocation.Loss(modules, choice), Is.EqualTo(root.GetProperty("optimum").GetDouble()).Within(1e-12));
        Assert.That(RankAllocation.Parameters(modules, choice), Is.EqualTo(root.GetProperty("optimum_parameters").GetInt64()));
        Assert.That(choice, Is.EqualTo(root.GetProperty("choice").EnumerateArray().Select(e => e.GetInt32())));

        var greedy = RankAllocation.Greedy(modules, budget);
        Assert.That(RankAllocation.Parameters(modules, greedy), Is.LessThanOrEqualTo(budget));
        Assert.That(RankAllocation.Loss(modules, greedy), Is.GreaterThan(RankAllocation.Loss(modules, choice)));
    }

    [Test]
    public void Allocation_equals_brute_force([Range(0, 19)] int seed)
    {
        var modules = RandomModules(6, 5, seed);
        long all = modules.Sum(m => m[^1].Parameters);
        foreach (double ratio in new[] { 0.25, 0.5, 0.77, 1 })
        {
            long budget = RankAllocation.Budget(all, ratio);
            var choice = RankAllocation.Optimal(modules, budget);
            double best = BruteForce(
                [.. modules.Select(m => m.Select(c => c.Parameters).ToArray())],
                [.. modules.Select(m => m.Select(c => c.Loss).ToArray())],
                budget
            );
            Assert.That(RankAllocation.Loss(modules, choice), Is.EqualTo(best).Within(1e-12), $"seed {seed}, ratio {ratio}");
            Assert.That(RankAllocation.Parameters(modules, choice), Is.LessThanOrEqualTo(budget));
        }
    }

    [Test]
    public void Allocation_of_a_large_model_is_proven_best()
    {
        var modules = RandomModules(224, 11, 1);
        var options = modules
            .Select(m => new MultipleChoice.Options([.. m.Select(c => c.Parameters)], [.. m.Select(c => c.Loss)]))
            .ToArray();
        foreach (double ratio in new[] { 0.3, 0.5, 0.8 })
        {
            long budget = RankAllocation.Budget(modules.Sum(m => m[^1].Parameters), ratio);
            var solution = MultipleChoice.Solve(options, budget)!;
            Assert.That(solution.Exact, $"ratio {ratio}: {solution.Loss} above {solution.LowerBound}");
            Assert.That(solution.Cost, Is.LessThanOrEqualTo(budget));
        }
    }

    [Test]
    public void Candidates_may_come_in_any_order()
    {
        var modules = RandomModules(5, 6, 2);
        var reversed = modules.Select(m => m.Reverse().ToArray()).ToArray();
        var (a, b) = (RankAllocation.Optimal(modules, 400), RankAllocation.Optimal(reversed, 400));
        Assert.That(b.Select(j => 5 - j), Is.EqualTo(a));
    }

    [Test]
    public void Greedy_takes_one_threshold_for_all_modules()
    {
        AllocationCandidate[][] modules =
        [
            [new(0.1, 1, 10, 5), new(0.5, 5, 50, 2), new(1, 0, 100, 0)],
            [new(0.1, 1, 10, 1), new(0.5, 5, 50, 0.5), new(1, 0, 100, 0)],
        ];
        Assert.That(RankAllocation.Greedy(modules, 60), Is.EqualTo(new[] { 1, 0 }));
        Assert.That(RankAllocation.Greedy(modules, 59), Is.EqualTo(new[] { 0, 0 }));
        Assert.That(RankAllocation.Greedy(modules, 200), Is.EqualTo(new[] { 2, 2 }));
        Assert.That(() => RankAllocation.Greedy(modules, 19), Throws.TypeOf<InvalidInputException>());
        Assert.That(() => RankAllocation.Optimal(modules, 19), Throws.TypeOf<InvalidInputException>().With.Message.Contains("--ratio"));
    }

    [Test]
    public void A_loss_that_is_not_finite_is_an_error()
    {
        AllocationCandidate[][] modules =
        [
            [new(0.1, 1, 10, double.NaN), new(1, 0, 100, 0)],
        ];
        Assert.That(() => RankAllocation.Optimal(modules, 100), Throws.TypeOf<NumericalException>());
        Assert.That(() => RankAllocation.Greedy(modules, 100), Throws.TypeOf<NumericalException>());
    }

    [Test]
    public void Candidate_ratios_hold_the_uniform_one_once()
    {
        Assert.That(RankAllocation.CandidateRatios(0.6), Has.Length.EqualTo(10));
        Assert.That(RankAllocation.CandidateRatios(0.65), Has.Length.EqualTo(11).And.Ordered);
    }

    [Test]
    public void Candidates_are_the_published_ranks_and_the_dense_module()
    {
        var candidates = RankAllocation.Candidates(RankLosses.FromSpectrum(2, 5, [2, 1]), 0.75, StorageForm.Factored);
        Assert.That(candidates, Has.Length.EqualTo(11));
        Assert.That(candidates[7], Is.EqualTo(new AllocationCandidate(0.75, 1, 7, 0.5)));
        Assert.That(candidates[^1], Is.EqualTo(new AllocationCandidate(1, 0, 10, 0)));
        // Of a 1 × 5 module no rank is smaller than the whole.
        Assert.That(
            RankAllocation.Candidates(1, 5, 0.5, StorageForm.Factored, rank => rank).Select(c => (c.Rank, c.Parameters)),
            Is.All.EqualTo((0, 5L))
        );
    }

    private static RankLosses RandomSpectrum(int m, int n, Random random)
    {
        double decay = 0.5 + 2 * random.NextDouble(),
            scale = Math.Exp(2 * random.NextDouble());
        var sigma = Enumerable.Range(1, Math.Min(m, n)).Select(i => scale * Math.Pow(i, -decay)).ToArray();
        return RankLosses.FromSpectrum(m, n, sigma);
    }

    [Test]
    public void Spectrum_allocation_equals_brute_force_within_one_rank([Values] StorageForm form, [Range(0, 11)] int seed)
    {
        var random = new Random(seed);
        RankLosses[] modules =
        [
            RandomSpectrum(9, 12, random),
            RandomSpectrum(14, 10, random),
            RandomSpectrum(8, 8, random),
            RandomSpectrum(20, 7, random),
        ];
        var (costs, losses) = (new long[4][], new double[4][]);
        for (int i = 0; i < 4; i++)
        {
            var (m, n) = (modules[i].Rows, modules[i].Columns);
            var ranks = Enumerable.Range(1, Math.Min(m, n)).Where(r => !RankBudget.StaysDense(m, n, r, form)).ToArray();
            costs[i] = [.. ranks.Select(r => RankBudget.StoredNumbers(m, n, r, form)), m * n];
            losses[i] = [.. ranks.Select(r => modules[i].Losses[r]), 0];
        }
        foreach (double ratio in new[] { 0.35, 0.6, 0.9 })
        {
            long budget = RankAllocation.Budget(modules.Sum(m => m.Rows * m.Columns), ratio);
            var allocation = SpectrumAllocation.Allocate(modules, budget, form);
            double loss = allocation.Sum(a => a.Loss);
            Assert.That(allocation.Sum(a => a.Parameters), Is.LessThanOrEqualTo(budget));
            for (int i = 0; i < 4; i++)
            {
                Assert.That(
                    allocation[i].Parameters,
                    Is.EqualTo(
                        allocation[i].IsDense
                            ? modules[i].Rows * modules[i].Columns
                            : RankBudget.StoredNumbers(modules[i].Rows, modules[i].Columns, allocation[i].Rank, form)
                    )
                );
                Assert.That(allocation[i].Loss, Is.EqualTo(allocation[i].IsDense ? 0 : modules[i].Losses[allocation[i].Rank]));
            }
            // No choice with one rank (of the largest module) less is better, and with the dynamic programme itself nothing is.
            Assert.That(loss, Is.LessThanOrEqualTo(BruteForce(costs, losses, budget - 27) + 1e-12), $"seed {seed}, ratio {ratio}");
            var exact = MultipleChoice.Solve([.. costs.Zip(losses, (c, l) => new MultipleChoice.Options(c, l))], budget)!;
            Assert.That(exact.Loss, Is.EqualTo(BruteForce(costs, losses, budget)).Within(1e-12));
        }
    }

    [Test]
    public void A_seven_billion_model_is_allocated_within_one_rank_of_the_bound([Values] StorageForm form)
    {
        var random = new Random(3);
        var modules = new List<RankLosses>();
        for (int layer = 0; layer < 32; layer++)
        {
            for (int i = 0; i < 4; i++)
                modules.Add(RandomSpectrum(4096, 4096, random));
            for (int i = 0; i < 2; i++)
                modules.Add(RandomSpectrum(11008, 4096, random));
            modules.Add(RandomSpectrum(4096, 11008, random));
        }
        var (costs, losses) = (new List<long[]>(), new List<double[]>());
        foreach (var module in modules)
        {
            int[] ranks = [.. Enumerable.Range(1, 4096).Where(r => !RankBudget.StaysDense(module.Rows, module.Columns, r, form))];
            costs.Add([
                .. ranks.Select(r => RankBudget.StoredNumbers(module.Rows, module.Columns, r, form)),
                (long)module.Rows * module.Columns,
            ]);
            losses.Add([.. ranks.Select(r => module.Losses[r]), 0]);
        }
        long budget = RankAllocation.Budget(modules.Sum(m => (long)m.Rows * m.Columns), 0.6);
        var clock = Stopwatch.StartNew();
        var allocation = SpectrumAllocation.Allocate(modules, budget, form);
        TestContext.Out.WriteLine($"{form}: {clock.Elapsed.TotalMilliseconds:F0} ms");
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(5)), "well under a second on an idle machine");
        Assert.That(allocation.Sum(a => a.Parameters), Is.LessThanOrEqualTo(budget));

        // Lagrangian duality: for every price λ, Σ min(loss + λ·cost) − λ·budget is below the loss of every allocation.
        double Priced(double price, out long cost)
        {
            (double sum, cost) = (0, 0);
            for (int i = 0; i < costs.Count; i++)
            {
                int best = 0;
                for (int j = 1; j < costs[i].Length; j++)
                    if (losses[i][j] + price * costs[i][j] < losses[i][best] + price * costs[i][best])
                        best = j;
                sum += losses[i][best] + price * costs[i][best];
                cost += costs[i][best];
            }
            return sum;
        }
        double low = 1e-20,
            high = 1;
        for (int step = 0; step < 40; step++)
        {
            double middle = Math.Sqrt(low * high);
            Priced(middle, out long cost);
            if (cost > budget)
                low = middle;
            else
                high = middle;
        }
        double bound = Priced(high, out _) - high * budget,
            oneRank = high * 15104;
        // Where a module stands before its jump to dense the bound itself is loose: a tenth of a per mille covers it here.
        Assert.That(
            allocation.Sum(a => a.Loss),
            Is.LessThanOrEqualTo(bound * 1.0001 + oneRank).And.GreaterThanOrEqualTo(bound * (1 - 1e-9))
        );
        Assert.That(allocation.Any(a => a.IsDense) && allocation.Any(a => !a.IsDense));
    }

    [Test]
    public void Everything_stays_dense_where_the_budget_allows_it()
    {
        RankLosses[] modules = [RankLosses.FromSpectrum(4, 4, [4, 3, 2, 1]), RankLosses.FromSpectrum(3, 5, [1, 1, 1])];
        Assert.That(SpectrumAllocation.Allocate(modules, 31, StorageForm.Factored).Select(a => a.IsDense), Is.All.True);
        Assert.That(() => SpectrumAllocation.Allocate(modules, 15, StorageForm.Factored), Throws.TypeOf<InvalidInputException>());
        Assert.That(SpectrumAllocation.Allocate(modules, 16, StorageForm.Factored).Select(a => a.Rank), Is.All.EqualTo(1));
    }

    [Test]
    public void Modules_without_loss_take_the_smallest_rank()
    {
        RankLosses[] modules = [RankLosses.FromSpectrum(6, 6, [4, 3, 2, 1, 1, 1]), RankLosses.FromSpectrum(6, 6, new double[6])];
        var allocation = SpectrumAllocation.Allocate(modules, 50, StorageForm.Pivoted);
        Assert.That(allocation[1].Rank, Is.EqualTo(1));
        Assert.That(allocation[0].IsDense, Is.True);
    }

    [Test]
    public void Losses_predicted_by_the_fisher_fall_with_the_rank_and_go_on_beyond_the_pool()
    {
        double[] sigma = [9, 7, 5, 4, 3, 2, 1, 0.5];
        var fisher = new SpectralFisher(La, 5);
        fisher.Add(Gaussian(20, 5, 4).Data);
        var pool = fisher.Pool(5);
        var predicted = RankLosses.FromFisher(La, 8, 10, sigma, pool, 1e-5);
        Assert.That(predicted.Losses, Has.Length.EqualTo(9).And.Ordered.Descending);
        Assert.That(predicted.Losses[8], Is.Zero);
        double h = pool.Diagonal[4];
        Assert.That(predicted.Losses[6], Is.EqualTo(0.5 * h * (1 + 0.25)).Within(1e-12));
        var within = Surgeon.PredictedLosses(La, sigma, pool, 1e-5);
        Assert.That(predicted.Losses[2], Is.EqualTo(within[2] + 0.5 * h * (4 + 1 + 0.25)).Within(1e-9));
    }
}
