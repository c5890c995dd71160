using FsCheck;
using NUnit.Framework;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Ranks;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Bits;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Statistics;
using SvdSurgeon.Tests.Pipeline;
using static SvdSurgeon.Tests.Compression.Numbers;
using PropertyAttribute = FsCheck.NUnit.PropertyAttribute;

namespace SvdSurgeon.Tests.Properties;

#pragma warning disable NUnit1027 // FsCheck makes the arguments

/// <summary>Laws that hold whatever the numbers: budgets, forms of storage, shares of statistics.</summary>
[TestFixture]
public sealed class LawProperties
{
    [Property(MaxTest = 200)]
    public void No_choice_of_ranks_exceeds_the_budget(PositiveInt[] sizes, int seed, bool pivoted)
    {
        var random = new Random(seed);
        var form = pivoted ? StorageForm.Pivoted : StorageForm.Factored;
        RankLosses[] spectra =
        [
            .. sizes.Select(size =>
            {
                int m = 2 + size.Get % 17,
                    n = 2 + random.Next(20);
                double[] sigma = [.. Enumerable.Range(0, Math.Min(m, n)).Select(_ => random.NextDouble()).OrderDescending()];
                return RankLosses.FromSpectrum(m, n, sigma);
            }),
        ];
        double ratio = 0.02 + 0.96 * random.NextDouble();
        long budget = RankAllocation.Budget(spectra.Sum(s => (long)s.Rows * s.Columns), ratio);
        var candidates = spectra.Select(s => RankAllocation.Candidates(s, ratio, form)).ToList();
        AtMost(() => SpectrumAllocation.Allocate(spectra, budget, form).Sum(module => module.Parameters));
        AtMost(() => RankAllocation.Parameters(candidates, RankAllocation.Optimal(candidates, budget)));
        AtMost(() => RankAllocation.Parameters(candidates, RankAllocation.Greedy(candidates, budget)));
        foreach (var s in spectra)
        {
            int rank = RankBudget.Rank(s.Rows, s.Columns, ratio, form);
            Assert.That(RankBudget.StoredNumbers(s.Rows, s.Columns, rank, form) <= s.Rows * s.Columns * ratio || rank == 1);
        }

        void AtMost(Func<long> allocate)
        {
            try
            {
                Assert.That(allocate(), Is.LessThanOrEqualTo(budget));
            }
            catch (InvalidInputException)
            {
                // Even the smallest is too large.
            }
        }
    }

    [Property(MaxTest = 200)]
    public void No_choice_of_bits_exceeds_the_budget_and_the_best_is_no_worse_than_any_equal_one(PositiveInt[] costs, int seed)
    {
        var random = new Random(seed);
        MultipleChoice.Options[] modules =
        [
            .. costs.Select(cost =>
            {
                double loss = random.NextDouble();
                return new MultipleChoice.Options(
                    [.. Enumerable.Range(2, 7).Select(bits => (long)bits * (1 + cost.Get))],
                    [.. Enumerable.Range(2, 7).Select(bits => loss * Math.Pow(4, -bits) * (1 + random.NextDouble()))]
                );
            }),
        ];
        for (int equal = 0; equal < 7; equal++)
        {
            long budget = modules.Sum(module => module.Costs[equal]);
            var solution = MultipleChoice.Solve(modules, budget)!;
            Assert.That(solution.Cost, Is.EqualTo(modules.Select((module, i) => module.Costs[solution.Choice[i]]).Sum()));
            Assert.That(solution.Cost, Is.LessThanOrEqualTo(budget));
            double loss = modules.Sum(module => module.Losses[equal]);
            Assert.That(solution.Loss, Is.LessThanOrEqualTo(loss * (1 + 1e-12)));
        }
        if (modules.Length > 0)
            Assert.That(MultipleChoice.Solve(modules, modules.Sum(module => module.Costs[0]) - 1), Is.Null);
    }

    [Property(MaxTest = 100)]
    public void Bits_of_a_model_fit_the_bytes_that_were_asked_for(PositiveInt share)
    {
        using var run = new TinyRun();
        var model = DecoderModel.Load(run.Model);
        long budget = BitsPlan.Weights(model) * (share.Get % 120) / 100;
        if (BitsPlan.Choose(model, null, budget) is { } plan)
            Assert.That(plan.Bytes, Is.LessThanOrEqualTo(budget));
    }

    [Property(MaxTest = 60)]
    public void Pivoted_equals_factored(PositiveInt rows, PositiveInt columns, PositiveInt components, int seed)
    {
        int m = 1 + rows.Get % 40,
            n = 1 + columns.Get % 40,
            r = 1 + components.Get % Math.Min(m, n);
        var factors = new LowRankFactors(Gaussian(m, r, seed), Gaussian(r, n, seed ^ 1));
        var pivoted = PivotedStorage.From(La, factors);
        AreClose(pivoted.Product(La), factors.Product(La), 1e-9);
        Assert.That(pivoted.StoredNumbers, Is.EqualTo(RankBudget.StoredNumbers(m, n, pivoted.Rank, StorageForm.Pivoted)));
    }

    [Property(MaxTest = 3)]
    public void The_merge_of_any_partition_equals_the_whole(byte count, int seed)
    {
        using var run = new TinyRun();
        var tokens = run.Tokens(8);
        int shards = 2 + count % 3;
        string[] folders = [.. Enumerable.Range(1, shards).Select(i => Collect($"shard-{i}", new Shard(i, shards)))];
        new Random(seed).Shuffle(folders);
        string whole = Collect("whole", null),
            merged = Path.Combine(run.Folder, "merged");
        ShardMerge.Run(folders, merged);
        foreach (string file in Directory.GetFiles(whole, "*", SearchOption.AllDirectories))
            Assert.That(
                File.ReadAllBytes(Path.Combine(merged, Path.GetRelativePath(whole, file))),
                Is.EqualTo(File.ReadAllBytes(file)),
                file
            );

        string Collect(string name, Shard? shard)
        {
            string folder = Path.Combine(run.Folder, name);
            StatisticsCollector.Run(
                new StatisticsJob
                {
                    Model = run.Model,
                    Options = new CompressionOptions
                    {
                        Ratios = [0.5],
                        Method = CompressionMethod.Kfac,
                        Surgeon = SurgeonMode.None,
                        Sequences = tokens.Sequences,
                    },
                    Calibration = tokens,
                    WorkFolder = folder,
                    Shard = shard,
                },
                run.Backend
            );
            return folder;
        }
    }
}
