using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Models;

[TestFixture]
public sealed class HiddenStoreTests
{
    [Test]
    public void A_file_keeps_the_same_numbers_as_memory_and_leaves_nothing_behind()
    {
        string folder = Directory.CreateTempSubdirectory("svdsurgeon-test-").FullName;
        using var backend = new CpuBackend(1);
        var results = new List<float[]>();
        foreach (long memory in (long[])[long.MaxValue, 0])
        {
            using var states = HiddenStore.Create(backend, 6, 3, memory, folder);
            Assert.That(states.InFileSystem, Is.EqualTo(memory == 0));
            states.Write(0, 4, rows => backend.Upload([.. Enumerable.Range(0, 12).Select(i => (float)i)], rows));
            states.Write(4, 2, rows => backend.Fill(rows, -1));
            states.Update(2, 3, rows => backend.AddScaled(rows, 1, rows));
            var values = new float[18];
            states.Read(0, 6, rows => backend.Download(rows, values));
            results.Add(values);
            Assert.That(Directory.EnumerateFiles(folder), Is.Empty, "the file has no name that a kill could leave");
        }
        Directory.Delete(folder);
        Assert.That(results[1], Is.EqualTo(results[0]));
        Assert.That(results[0], Is.EqualTo(new float[] { 0, 1, 2, 3, 4, 5, 12, 14, 16, 18, 20, 22, -2, -2, -2, -1, -1, -1 }));
    }

    [TestCase(false), TestCase(true)]
    public void Gradients_of_the_last_layers_do_not_need_the_others(bool recompute)
    {
        using var model = new GoldenModel("llama-mha");
        using var backend = new CpuBackend(1);
        var all = new Recording(backend);
        var last = new Recording(backend);
        int lowest = model.Model.Layers.Count - 1;
        ForwardBackward.Run(
            model.Model,
            backend,
            model.Ids,
            GoldenModel.SequenceLength,
            new double[GoldenModel.Sequences],
            all,
            new PassOptions { Recompute = recompute }
        );
        ForwardBackward.Run(
            model.Model,
            backend,
            model.Ids,
            GoldenModel.SequenceLength,
            new double[GoldenModel.Sequences],
            last,
            new PassOptions { Recompute = recompute, LowestLayer = lowest }
        );
        var wanted = model.Model.Layers[lowest].Linears.Select(m => m.Name).ToHashSet();
        Assert.That(last.Gradients.Keys, Is.EquivalentTo(wanted));
        foreach (string name in wanted)
            Assert.That(last.Gradients[name], Is.EqualTo(all.Gradients[name]), name);
    }

    private sealed class Recording(CpuBackend backend) : ILinearVisitor
    {
        public Dictionary<string, float[]> Gradients { get; } = [];

        public void Gradient(LinearModule module, Tensor x, Tensor dy)
        {
            var values = new float[dy.Length];
            backend.Download(dy, values);
            Gradients[module.Name] = values;
        }
    }
}
