using System.Collections.Concurrent;
using NUnit.Framework;
using SvdSurgeon.Backends;
using SvdSurgeon.Compression.Surgery;
using static SvdSurgeon.Tests.Compression.Numbers;

namespace SvdSurgeon.Tests.Compression;

/// <summary>Which modules of a layer go into a device's batch, and that they come out as they would alone.</summary>
internal sealed class SurgeonBatchTests
{
    private const int Components = 12,
        Rank = 6;
    private const double Rounding = 1e-9;

    [Test]
    public void A_batch_gives_what_each_module_gives_alone(
        [Values(4, 30)] int samples,
        [Values] ComponentSelection selection,
        [Values] Shrinkage shrinkage,
        [Values(0, 8, 12)] int largestPool,
        [Values(0, 0.5)] double firstOrder
    )
    {
        // Pools of 9, 9 and 7.
        var options = new SurgeonOptions
        {
            Selection = selection,
            Shrinkage = shrinkage,
            FirstOrderWeight = firstOrder,
            PoolFraction = 0.5,
            Damping = 1e-3,
        };
        SurgeonTask[] tasks = [Task(1, Rank, samples), Task(2, Rank + 1, samples), Task(3, 2, samples)];
        var batch = new OneByOne(largestPool);
        var results = Surgeon.Operate(La, batch, tasks, options);
        Assert.That(
            batch.Modules,
            Is.EqualTo(firstOrder != 0 ? 0 : tasks.Count(task => ComponentPool.Size(Components, task.Rank, 0.5) <= largestPool))
        );
        for (int i = 0; i < tasks.Length; i++)
        {
            var alone = Surgeon.Operate(La, tasks[i].Sigma, tasks[i].Fisher(), tasks[i].Rank, options);
            Assert.That(results[i].Kept, Is.EqualTo(alone.Kept));
            AreClose(results[i].Sigma, alone.Sigma, Rounding);
            Assert.That(results[i].LossWith, Is.EqualTo(alone.LossWith).Within(Rounding * alone.LossWithout));
        }
    }

    [Test]
    public void Without_a_batch_every_Fisher_is_read_once()
    {
        var read = new ConcurrentBag<int>();
        SurgeonTask[] tasks =
        [
            .. Enumerable
                .Range(0, 3)
                .Select(i => Task(i, Rank, 4))
                .Select(
                    (task, i) =>
                        task with
                        {
                            Fisher = () =>
                            {
                                read.Add(i);
                                return task.Fisher();
                            },
                        }
                ),
        ];
        Surgeon.Operate(La, null, tasks, new SurgeonOptions());
        Assert.That(read, Is.EquivalentTo(new[] { 0, 1, 2 }));
    }

    private static SurgeonTask Task(int seed, int rank, int samples)
    {
        var fisher = new SpectralFisher(La, Components);
        fisher.Add(Gaussian(samples, Components, seed).Data);
        return new SurgeonTask([.. Enumerable.Range(0, Components).Select(i => 10.0 / (i + seed + 1))], rank, () => fisher);
    }

    // The closed forms of the library, as a device would offer them.
    private sealed class OneByOne(int largestPool) : ISurgeonBatch
    {
        public int LargestPool => largestPool;
        public int Modules { get; private set; }

        public IReadOnlyList<double[]> Saliencies(IReadOnlyList<SurgeonModule> modules, double selectionDamping) =>
            [.. modules.Select(m => Surgeon.Saliencies(La, m.Sigma, FisherPool.FromMatrix(La, m.Fisher), selectionDamping))];

        public IReadOnlyList<double[]> Compensate(IReadOnlyList<SurgeonModule> modules, double scale, double damping)
        {
            Modules += modules.Count;
            return
            [
                .. modules.Select(m =>
                    Surgeon.Compensate(
                        La,
                        m.Sigma,
                        FisherPool.FromMatrix(La, m.Fisher),
                        m.Kept,
                        new SurgeonOptions { Scale = scale, Damping = damping }
                    )
                ),
            ];
        }
    }
}
