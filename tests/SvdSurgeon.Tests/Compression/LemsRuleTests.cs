using NUnit.Framework;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Ranks;
using SvdSurgeon.Compression.Storage;

namespace SvdSurgeon.Tests.Compression;

/// <summary>LEMS against the formula, tried out over every choice of ranks. KlSensitivityTests runs it on a model.</summary>
public sealed class LemsRuleTests
{
    private const double Ratio = 0.5;
    private const int Side = 12;

    // Two modules in each of two layers; ranks are measured at 12·12·0.5 / 24 = 3.
    private static readonly double[] Divergences = [0.9, 0.05, 0.4, 0.2];

    [Test]
    public void The_ranks_have_the_least_loss_of_all_that_fit()
    {
        var problem = Problem();
        var evidence = new Evidence(Divergences);
        int[] ranks = AllocationRule.Find("lems")!.Choose(problem, evidence);
        Assert.That(evidence.Measured, Is.EqualTo(new[] { 3, 3, 3, 3 }), "one divergence per module, at the uniform rank");
        double best = Choices(4)
            .Where(choice => choice.Sum(rank => rank == 0 ? (long)Side * Side : 2L * Side * rank) <= problem.Budget)
            .Min(choice => Loss(evidence, choice));
        Assert.That(Loss(evidence, ranks), Is.EqualTo(best).Within(1e-12));
    }

    [Test]
    public void Of_equal_modules_those_in_earlier_layers_keep_more()
    {
        int[] ranks = AllocationRule.Find("lems")!.Choose(Problem(), new Evidence([0.3, 0.3, 0.3, 0.3], equal: true));
        Assert.That(ranks[0] + ranks[1], Is.GreaterThan(ranks[2] + ranks[3]));
    }

    private static AllocationProblem Problem() =>
        new(Ratio, StorageForm.Factored, [.. Enumerable.Range(0, 4).Select(i => new ModuleShape(i / 2, Side, Side, 0))]);

    // Written out from the formula; depth is 1 + 1 + 1/2 in the first of two layers and 1 + 1/2 in the second.
    private static double Loss(Evidence evidence, int[] ranks) =>
        ranks
            .Select(
                (rank, i) =>
                {
                    if (rank == 0)
                        return 0;
                    double Tail(int r) => evidence.SingularValues()[i].Skip(r).Sum(sigma => sigma * sigma);
                    return Tail(rank) / Tail(3) * Divergences[i] * (i < 2 ? 2.5 : 1.5);
                }
            )
            .Sum();

    // Ranks 1 to 5 store fewer numbers than the dense module, 0 stands for it.
    private static IEnumerable<int[]> Choices(int modules) =>
        modules == 0
            ?
            [
                [],
            ]
            : Choices(modules - 1).SelectMany(before => Enumerable.Range(0, 6).Select(rank => (int[])[.. before, rank]));

    private sealed class Evidence(double[] divergences, bool equal = false) : IRankEvidence
    {
        public IReadOnlyList<int>? Measured { get; private set; }

        public IReadOnlyList<double[]> SingularValues() =>
            [
                .. Enumerable
                    .Range(0, 4)
                    .Select(i => Enumerable.Range(0, Side).Select(j => Math.Pow(equal ? 0.8 : 0.6 + 0.1 * i, j)).ToArray()),
            ];

        public double[] DivergencesAlone(IReadOnlyList<int> ranks)
        {
            Measured = ranks;
            return divergences;
        }

        public IReadOnlyList<RankLosses> FisherLosses() => throw new NotSupportedException();

        public IReadOnlyList<AllocationCandidate[]> CandidateDivergences() => throw new NotSupportedException();
    }
}
