using NUnit.Framework;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Fisher;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Tests.Pipeline.Statistics;

[TestFixture]
public sealed class SpectralFormsTests
{
    // Two orders of float32 sums of the same products.
    private const double Tolerance = 1e-4;

    [Test]
    public void Projecting_and_forming_G_give_the_same_spectral_gradients()
    {
        using var run = new TinyRun();
        var context = run.Context();
        var options = new CompressionOptions { Method = CompressionMethod.Svd, Ratios = [0.5] };
        var tokens = run.Tokens(3);
        var factors = FactorSet.Decompose(context, ModuleMetric.Collect(context, options, tokens), options);
        var projected = Rows(SpectralForm.Projection);
        var formed = Rows(SpectralForm.Gradient);
        Assert.That(projected.Keys, Is.EquivalentTo(context.Model.Linears.Select(m => m.Name)));
        foreach (var (module, rows) in projected)
        {
            double largest = rows.Max(Math.Abs);
            Assert.That(largest, Is.GreaterThan(0), module);
            for (int i = 0; i < rows.Length; i++)
                Assert.That(formed[module][i], Is.EqualTo(rows[i]).Within(Tolerance * largest), $"{module} {i}");
        }

        Dictionary<string, float[]> Rows(SpectralForm form)
        {
            using var projection = new SpectralProjection(context, factors, tokens.Length, form);
            projection.Run(tokens.Ids, tokens.Sequences, _ => { });
            return projection
                .Entries()
                .ToDictionary(
                    entry => entry.Name,
                    entry =>
                    {
                        using var stream = new MemoryStream();
                        entry.WriteTo(stream);
                        return System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(stream.ToArray()).ToArray();
                    }
                );
        }
    }
}
