using System.Collections.Concurrent;
using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>Layers go side by side where memory allows, and give the same either way.</summary>
public sealed class LayersSideBySideTests
{
    [TestCase(long.MaxValue, true), TestCase(1, false)]
    public void Layers_share_the_threads_where_memory_allows(long memory, bool sideBySide)
    {
        using var run = new TinyRun();
        using var backend = new CpuBackend(2);
        var reports = new Reports();
        var context = run.Context() with { Backend = backend, Memory = memory, Progress = reports };
        using var two = new CountdownEvent(2);
        var seen = new ConcurrentQueue<int>();
        LayersSideBySide.Run(
            context,
            "stage",
            context.Model.Layers,
            layer =>
            {
                seen.Enqueue(layer.Index);
                Assert.That(backend.LinearAlgebra.ItemsAtOnce, Is.EqualTo(sideBySide ? 1 : 2));
                // The first layer waits for the second to begin.
                if (!sideBySide || layer.Index > 1)
                    return;
                two.Signal();
                Assert.That(two.Wait(TimeSpan.FromSeconds(30)), Is.True, "the second layer did not begin while the first was at work");
            }
        );
        int count = context.Model.Layers.Count;
        Assert.That(seen, Is.EquivalentTo(Enumerable.Range(0, count)));
        Assert.That(
            reports.All.Select(r => (r.Done, r.Total)),
            Is.EqualTo([.. Enumerable.Range(0, count).Select(i => ((long)i, (long)count)), (1L, 1L)])
        );
    }

    [Test]
    public void Factors_are_the_same_bytes_either_way()
    {
        using var run = new TinyRun();
        using var backend = new CpuBackend(2);
        byte[][] Factors(string name, long memory)
        {
            var context = run.Context() with { Backend = backend, Memory = memory, Work = new WorkFolder(Path.Combine(run.Folder, name)) };
            var options = new CompressionOptions { Ratios = [0.6], Method = CompressionMethod.Whiten };
            FactorSet.Decompose(context, ModuleMetric.Collect(context, options, run.Tokens(4)), options);
            string folder = Directory.GetDirectories(Path.Combine(run.Folder, name), "factor-*").Single();
            return [.. Directory.GetFiles(folder, "layer.*").Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
        }
        var together = Factors("together", long.MaxValue);
        Assert.That(together, Has.Length.EqualTo(3));
        Assert.That(Factors("alone", 1), Is.EqualTo(together));
    }

    [Test]
    public void No_layer_begins_after_a_stop()
    {
        using var run = new TinyRun();
        using var stop = new CancellationTokenSource();
        var context = run.Context() with { Cancellation = stop.Token };
        var seen = new List<int>();
        Assert.Throws<OperationCanceledException>(() =>
            LayersSideBySide.Run(
                context,
                "stage",
                context.Model.Layers,
                layer =>
                {
                    seen.Add(layer.Index);
                    stop.Cancel();
                }
            )
        );
        Assert.That(seen, Is.EqualTo([0]));
    }

    private sealed class Reports : IProgress<StageProgress>
    {
        public List<StageProgress> All { get; } = [];

        public void Report(StageProgress value) => All.Add(value);
    }
}
