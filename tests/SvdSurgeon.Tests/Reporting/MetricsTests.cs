using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Tests.Pipeline;

namespace SvdSurgeon.Tests.Reporting;

/// <summary>
/// metrics.json says what the model is: errors that identities predict, sizes that are stored, the perplexities that were measured.
/// </summary>
[TestFixture, Category("Slow")]
public sealed class MetricsTests
{
    private const int Sequences = 16,
        Windows = 8;

    [Test]
    public void The_output_error_of_a_whitened_truncation_is_the_dropped_part_of_the_spectrum()
    {
        using var tales = new TinyTales();
        var options = new CompressionOptions
        {
            Method = CompressionMethod.Whiten,
            Surgeon = SurgeonMode.None,
            StorageType = Tensors.DType.F32,
            Ratios = [0.5],
        };
        foreach (var module in Modules(tales.Compress(options, Sequences, Windows)))
        {
            double[] sigma = [.. module["spectrum"]!.AsArray().Select(s => (double)s!)];
            double dropped = Math.Sqrt(sigma.Skip((int)module["rank"]!).Sum(s => s * s) / sigma.Sum(s => s * s));
            // The spectrum is stored to seven digits, W' in float32; directions of the smallest inputs have a jitter.
            Assert.That((double)module["output_error"]!, Is.EqualTo(dropped).Within(0.1).Percent, (string)module["name"]!);
        }
    }

    [Test]
    public void The_error_before_the_surgeon_is_that_of_the_same_run_without_it()
    {
        using var tales = new TinyTales();
        var without = new CompressionOptions
        {
            Method = CompressionMethod.Whiten,
            Surgeon = SurgeonMode.None,
            StorageType = Tensors.DType.F32,
            Ratios = [0.5],
        };
        var plain = Modules(tales.Compress(without, Sequences, Windows, "plain"));
        var operated = Modules(
            tales.Compress(
                without with
                {
                    Surgeon = SurgeonMode.Select,
                    Fisher = FisherSamples.Tokens,
                    SurgeonOptions = new SurgeonOptions { PoolFraction = 0.3 },
                },
                Sequences,
                Windows,
                "operated"
            )
        );
        foreach (var (a, b) in plain.Zip(operated))
            Assert.Multiple(() =>
            {
                Assert.That((double)b["output_error_before"]!, Is.EqualTo((double)a["output_error"]!).Within(0.1).Percent);
                Assert.That(
                    (double)b["output_error"]!,
                    Is.GreaterThanOrEqualTo((double)a["output_error"]! * 0.999),
                    "nothing beats the truncation at its own measure"
                );
                Assert.That(b["kept"]!.AsArray(), Has.Count.EqualTo((int)b["rank"]!));
                Assert.That(b["corrected"]!.AsArray(), Has.Count.EqualTo((int)b["rank"]!));
                Assert.That(
                    b["saliencies"]!.AsArray(),
                    Has.Count.EqualTo((int)b["rank"]! + (int)(0.3 * (b["spectrum"]!.AsArray().Count - (int)b["rank"]!)))
                );
                Assert.That(a.ContainsKey("output_error_before"), Is.False);
            });
    }

    [Test]
    public void Columns_are_listed_and_every_stored_number_is_counted()
    {
        using var tales = new TinyTales();
        var options = new CompressionOptions
        {
            Method = CompressionMethod.Whiten,
            Columns = ColumnMode.Preserve,
            Fisher = FisherSamples.Tokens,
            Ratios = [0.6],
        };
        var result = tales.Compress(options, Sequences, Windows);
        var modules = Modules(result);
        var withColumns = modules.Where(m => m["columns"]!.AsArray().Count > 0).ToList();
        Assert.That(withColumns, Is.Not.Empty);
        foreach (var module in withColumns)
        {
            long m = (long)module["m"]!,
                n = (long)module["n"]!,
                r = (long)module["rank"]!,
                c = module["columns"]!.AsArray().Count;
            Assert.That((long)module["parameters_after"]!, Is.EqualTo(r * (m + n - c) + m * c + c));
            Assert.That((double)module["output_error_before"]!, Is.EqualTo((double)module["output_error"]!).Within(50).Percent);
        }
        Assert.That(modules.Sum(m => (long)m["parameters_after"]!), Is.EqualTo(result.Models[0].ParametersAfter));
    }

    [Test]
    public void Perplexities_are_those_of_the_evaluation_and_without_inputs_only_weights_are_compared()
    {
        using var tales = new TinyTales();
        var options = new CompressionOptions
        {
            Method = CompressionMethod.Svd,
            Surgeon = SurgeonMode.None,
            Ratios = [0.7],
        };
        var result = tales.Compress(options, Sequences, Windows);
        var metrics = Metrics(result);
        Assert.Multiple(() =>
        {
            Assert.That((double)metrics["evaluation"]!["compressed"]!["ppl"]!, Is.EqualTo(result.Models[0].Perplexity!.Ppl));
            Assert.That((double)metrics["evaluation"]!["dense"]!["ppl"]!, Is.InRange(1.5, 2));
            Assert.That((int)metrics["evaluation"]!["windows"]!, Is.EqualTo(Windows));
            foreach (var module in Modules(result))
            {
                double[] sigma = [.. module["spectrum"]!.AsArray().Select(s => (double)s!)];
                double dropped = Math.Sqrt(sigma.Skip((int)module["rank"]!).Sum(s => s * s) / sigma.Sum(s => s * s));
                Assert.That((double)module["weight_error"]!, Is.EqualTo(dropped).Within(0.5).Percent, "stored as fp16");
                Assert.That(module["output_error"], Is.Null);
            }
        });
    }

    private static JsonObject Metrics(CompressionResult result) =>
        (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(result.Models[0].Folder, "metrics.json")))!;

    private static List<JsonObject> Modules(CompressionResult result) =>
        [.. Metrics(result)["modules"]!.AsArray().Select(m => (JsonObject)m!)];
}
