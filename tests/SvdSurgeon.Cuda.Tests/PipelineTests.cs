using NUnit.Framework;
using SvdSurgeon.Backends;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Calibration;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Cuda.Tests;

/// <summary>A whole compression on the device against the CPU's, to rounding, through the batches that a device brings along.</summary>
[TestFixture("simulator"), TestFixture("gpu")]
[TestFixture("stand-in")]
[Category("Slow")]
public sealed class PipelineTests(string device)
{
    // Factors are float32; the statistics before them were summed in another order.
    private const double Tolerance = 1e-3;

    [TestCase("opt", SurgeonMode.Update, 1), TestCase("llama-gqa-tied", SurgeonMode.Select, 2)]
    public void A_compression_agrees_with_the_CPU_and_operates_on_a_layer_in_one_launch(string model, SurgeonMode surgeon, int launches)
    {
        using var backend = Devices.Open(device);
        using var cpu = new CpuBackend(2);
        string folder = Directory.CreateTempSubdirectory("svdsurgeon-").FullName;
        try
        {
            var (expected, actual) = (Compress(cpu, "cpu"), Compress(backend, "device"));
            using var a = Checkpoint.Open(expected);
            using var b = Checkpoint.Open(actual);
            Assert.That(backend.SurgeonLaunches, Is.EqualTo(launches * Models.DecoderModel.Load(a).Layers.Count));
            foreach (var module in Models.DecoderModel.Load(a).Linears)
            {
                float[] x = module.ToDense(cpu),
                    y = Models.DecoderModel.Load(b).Linears.First(m => m.Name == module.Name).ToDense(cpu);
                double largest = x.Max(Math.Abs);
                for (int i = 0; i < x.Length; i++)
                    Assert.That(y[i], Is.EqualTo(x[i]).Within(Tolerance * largest), $"{module.Name} [{i}]");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        string Compress(IBackend on, string name)
        {
            using var source = Checkpoint.Open(Path.Combine(TestContext.CurrentContext.TestDirectory, "Golden", "models", model));
            var random = new Random(3);
            var options = new CompressionOptions
            {
                Ratios = [0.6],
                Method = CompressionMethod.Whiten,
                Surgeon = surgeon,
                Sequences = 12,
                FisherSequences = 4,
                StorageType = Tensors.DType.F32,
            };
            var tokens = new TokenSet([.. Enumerable.Range(0, 12 * 16).Select(_ => random.Next(source.Config.VocabSize))], 12, 16);
            return Compressor
                .Run(
                    new CompressionJob
                    {
                        Model = source,
                        Options = options,
                        Calibration = tokens,
                        OutputFolder = Path.Combine(folder, name),
                    },
                    on
                )
                .Models[0]
                .Folder;
        }
    }
}
