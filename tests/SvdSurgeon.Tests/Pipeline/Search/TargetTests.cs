using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;

namespace SvdSurgeon.Tests.Pipeline.Search;

/// <summary>Kept fractions found for a size or a perplexity.</summary>
[TestFixture, Category("Slow")]
public sealed class TargetTests
{
    private const int Sequences = 16,
        Windows = 8;

    private static readonly CompressionOptions OnePass = new()
    {
        Method = CompressionMethod.Kfac,
        Allocate = AllocationRule.Spectrum,
        Storage = StorageForm.Pivoted,
        Surgeon = SurgeonMode.None,
        Ratios = [],
    };

    private static readonly CompressionOptions Plain = new()
    {
        Method = CompressionMethod.Svd,
        Surgeon = SurgeonMode.None,
        Ratios = [],
    };

    [TestCase(StorageForm.Factored), TestCase(StorageForm.Pivoted)]
    public void A_size_is_met_and_the_next_fraction_would_miss_it(StorageForm storage)
    {
        using var tales = new TinyTales();
        const long target = 1_300_000;
        var options = OnePass with { Storage = storage };
        var model = tales.Compress(options, Sequences, Windows, target: new SizeTarget(target)).Models[0];
        Assert.That(
            model.Bytes,
            Is.LessThanOrEqualTo(target).And.EqualTo(new FileInfo(Path.Combine(model.Folder, "model.safetensors")).Length)
        );
        var next = tales.Compress(options with { Ratios = [Math.Round(model.Ratio + 0.001, 3)] }, Sequences, Windows).Models[0];
        Assert.That(next.Bytes, Is.GreaterThan(target));
    }

    [Test]
    public void A_perplexity_is_met_and_the_next_fraction_would_miss_it()
    {
        using var tales = new TinyTales();
        var model = tales.Compress(OnePass, Sequences, Windows, target: new PerplexityTarget(0.05)).Models[0];
        using var backend = new CpuBackend(1);
        double limit = 1.05 * Perplexity.Evaluate(DecoderModel.Load(tales.Model), backend, TinyTales.Evaluation(Windows)).Ppl;
        Assert.That(model.Perplexity!.Ppl, Is.LessThanOrEqualTo(limit));
        Assert.That(Path.GetFileName(model.Folder), Is.EqualTo($"ratio-{CompressionPlan.RatioText(model.Ratio)}"));
        var next = tales.Compress(OnePass with { Ratios = [Math.Round(model.Ratio - 0.001, 3)] }, Sequences, Windows).Models[0];
        Assert.That(next.Perplexity!.Ppl, Is.GreaterThan(limit));
    }

    [Test]
    public void A_perplexity_takes_no_forward_pass_but_evaluations()
    {
        using var tales = new TinyTales();
        var stages = tales
            .Compress(OnePass, Sequences, Windows, target: new PerplexityTarget(0.05))
            .Stages.Where(stage => !stage.Reused)
            .Select(stage => stage.Name.Split(' ')[0])
            .ToList();
        Assert.That(
            stages.Where(stage => stage is not ("build" or "target" or "eval")),
            Is.EquivalentTo(new[] { "gram+gradients", "factor", "measure", "write" })
        );
        Assert.That(stages.Count(stage => stage == "target"), Is.InRange(8, 12), "a thousandth takes ten steps of bisection");
    }

    [Test]
    public void A_found_fraction_gives_what_asking_for_it_gives()
    {
        using var tales = new TinyTales();
        var found = tales.Compress(Plain, Sequences, Windows, "found", new SizeTarget(1_200_000)).Models[0];
        var asked = tales.Compress(Plain with { Ratios = [found.Ratio] }, Sequences, Windows, "asked").Models[0];
        Assert.That(
            File.ReadAllBytes(Path.Combine(asked.Folder, "config.json")),
            Is.EqualTo(File.ReadAllBytes(Path.Combine(found.Folder, "config.json")))
        );
        Assert.That(
            File.ReadAllText(Path.Combine(found.Folder, "recipe.json")),
            Is.EqualTo(File.ReadAllText(Path.Combine(asked.Folder, "recipe.json")))
        );
    }

    [Test]
    public void Auto_meets_a_size()
    {
        using var tales = new TinyTales();
        var model = tales
            .Compress(
                new CompressionOptions { Method = CompressionMethod.Auto, Ratios = [] },
                sequences: 8,
                windows: 2,
                "auto",
                new SizeTarget(1_200_000)
            )
            .Models[0];
        Assert.That(model.Bytes, Is.InRange(1_195_000, 1_200_000));
        Assert.That(model.Steps, Is.Not.Empty);
    }

    [TestCase(100_000L, "out of reach"), TestCase(5_000_000L, "nothing to compress")]
    public void A_size_out_of_reach_is_refused_with_the_reachable_range(long bytes, string because)
    {
        using var tales = new TinyTales();
        Assert.That(
            () => tales.Compress(OnePass, Sequences, Windows, target: new SizeTarget(bytes)),
            Throws.TypeOf<InvalidInputException>().With.Message.Contains(because).And.Message.Contains("MB")
        );
    }

    [Test]
    public void A_perplexity_out_of_reach_is_refused_with_the_least_increase()
    {
        using var tales = new TinyTales();
        Assert.That(
            () => tales.Compress(Plain, Sequences, Windows, target: new PerplexityTarget(1e-9)),
            Throws.TypeOf<InvalidInputException>().With.Message.Contains("out of reach").And.Message.Contains("%")
        );
    }

    [TestCase("90MB", 90_000_000L), TestCase("1.5GiB", 1610612736L), TestCase("2kb", 2000L), TestCase("123", 123L)]
    public void Sizes_are_read_with_their_unit(string text, long bytes) =>
        Assert.That(CompressionTarget.Size(text).Bytes, Is.EqualTo(bytes));

    [TestCase("5%", 0.05), TestCase("0.05", 0.05)]
    public void Increases_are_read_in_percent_or_as_a_fraction(string text, double increase) =>
        Assert.That(CompressionTarget.Perplexity(text).Increase, Is.EqualTo(increase).Within(1e-15));

    [TestCase("-5MB"), TestCase("MB"), TestCase("much")]
    public void A_size_that_is_none_is_refused(string text) =>
        Assert.That(() => CompressionTarget.Size(text), Throws.TypeOf<InvalidInputException>().With.Message.Contains("--target-size"));
}
