using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Tests.Backends;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>A whole compression through the BLAS of the system.</summary>
[TestFixture, Category("Slow")]
public sealed class SystemBlasTests
{
    // Relative; both ways sum the same float32 products in other orders.
    private const double Tolerance = 5e-4;

    [Test]
    public void Perplexities_are_those_of_managed_products()
    {
        var options = new CompressionOptions
        {
            Ratios = [0.8, 0.6, 0.4],
            Sequences = 64,
            FisherSequences = 64,
        };
        double[] managed = Perplexities(new CpuBackend(1)),
            system = Perplexities(new CpuBackend(1, FoundBlas.Library));
        for (int i = 0; i < managed.Length; i++)
            Assert.That(system[i], Is.EqualTo(managed[i]).Within(Tolerance * managed[i]), $"kept {options.Ratios[i]}");

        double[] Perplexities(CpuBackend backend)
        {
            using var run = new TinyTales(backend);
            return [.. run.Compress(options, sequences: 64, windows: 8).Models.Select(model => model.Perplexity!.Ppl)];
        }
    }
}
