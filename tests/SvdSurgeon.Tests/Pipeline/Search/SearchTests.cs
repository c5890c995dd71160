using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Results;

namespace SvdSurgeon.Tests.Pipeline.Search;

/// <summary>Strengths chosen on held-out calibration sequences, for the run and by layer, with a named method.</summary>
[TestFixture, Category("Slow")]
public sealed class SearchTests
{
    private const int Sequences = 24,
        Windows = 16;

    private static readonly CompressionOptions Kfac = new()
    {
        Method = CompressionMethod.Kfac,
        Allocate = AllocationRule.Spectrum,
        Storage = StorageForm.Pivoted,
        Surgeon = SurgeonMode.None,
        Ratios = [0.4],
    };

    [Test]
    public void A_searched_sequential_pass_is_better_than_none_and_recorded()
    {
        using var tales = new TinyTales();
        var searched = tales.Compress(Kfac with { SearchSequential = true }, Sequences, Windows, "searched").Models[0];
        var without = tales.Compress(Kfac, Sequences, Windows, "without").Models[0];
        Assert.That(searched.Perplexity!.MeanNll, Is.LessThan(without.Perplexity!.MeanNll));
        Assert.That(searched.Steps[0].Name, Is.EqualTo("kfac, as asked"));
        Assert.That((double)Config(searched)["chosen"]!["sequential"]!["strength"]!, Is.GreaterThan(0));
    }

    [Test]
    public void A_strength_that_only_does_harm_is_left_out_and_the_result_says_so()
    {
        using var tales = new TinyTales();
        // The Fisher of twelve sequences is noise: no strength of the published surgeon helps here.
        var options = new CompressionOptions
        {
            Method = CompressionMethod.Whiten,
            Surgeon = SurgeonMode.Update,
            SearchStrength = true,
            Ratios = [0.4],
        };
        var searched = tales.Compress(options, sequences: 16, Windows, "searched").Models[0];
        Assert.That((string)Config(searched)["chosen"]!["surgeon"]!, Is.EqualTo("none"));
        Assert.That(searched.Steps.Count(step => step.Name.StartsWith("surgeon from sequences", StringComparison.Ordinal)), Is.EqualTo(3));
        Assert.That(searched.Steps.Skip(1).Any(step => step.Kept), Is.False);
    }

    [Test]
    public void All_strengths_are_tried_with_one_fisher_which_is_deleted_when_none_was_kept()
    {
        using var tales = new TinyTales();
        var options = new CompressionOptions
        {
            Method = CompressionMethod.Whiten,
            Surgeon = SurgeonMode.Update,
            SearchStrength = true,
            Ratios = [0.4],
        };
        var result = tales.Compress(options, sequences: 16, windows: 2, "searched");
        Assert.That(result.Models[0].Steps.Skip(1).Any(step => step.Kept), Is.False);
        Assert.That(result.Stages.Count(stage => stage is { Name: "fisher", Reused: false }), Is.EqualTo(1));
        Assert.That(Directory.EnumerateDirectories(Path.Combine(tales.Folder, "work"), "fisher-*"), Is.Empty);
    }

    [Test]
    public void Another_form_need_only_gain_while_what_is_fitted_must_gain_more_than_its_error_and_is_gone_on_from_where_that_is_undecided()
    {
        using var tales = new TinyTales();
        var result = tales.Compress(
            new CompressionOptions { Method = CompressionMethod.Auto, Ratios = [0.9] },
            sequences: 8,
            windows: 2,
            "auto"
        );
        var steps = result.Models[0].Steps.ToList();
        string[] forms = ["whitening", "two-sided whitening", "allocation by spectrum", "pivoted storage"];
        int two = steps.FindIndex(step => step.Name == "2 Newton steps");
        Assert.Multiple(() =>
        {
            foreach (var step in steps.Skip(1))
                Assert.That(step.Kept, Is.EqualTo(step.Change < (forms.Contains(step.Name) ? 0 : -step.ChangeError)), step.Name);
            Assert.That(
                steps.Any(step => forms.Contains(step.Name) && step.Kept && step.Change > -step.ChangeError),
                "a form that gained less than its error"
            );
            Assert.That(steps[two].IsUndecided, "two steps that are neither better nor worse");
            Assert.That(steps[two + 1].Name, Is.EqualTo("4 Newton steps"));
            var afterTwo = result
                .Stages.SkipWhile(stage => !stage.Name.EndsWith(": 2 Newton steps", StringComparison.Ordinal))
                .TakeWhile(stage => !stage.Name.EndsWith(": 4 Newton steps", StringComparison.Ordinal));
            Assert.That(
                afterTwo.Count(stage => stage is { Name: "divergence", Reused: false }),
                Is.InRange(1, 2),
                "gradients of the first two steps are not collected again"
            );
        });
    }

    [Test]
    public void A_searched_strength_from_tokens_is_not_worse_than_no_surgeon()
    {
        using var tales = new TinyTales();
        var options = new CompressionOptions
        {
            Method = CompressionMethod.Whiten,
            Surgeon = SurgeonMode.Update,
            Fisher = FisherSamples.Tokens,
            SearchStrength = true,
            Ratios = [0.4],
        };
        var searched = tales.Compress(options, sequences: 64, Windows, "searched").Models[0];
        var without = tales
            .Compress(options with { Surgeon = SurgeonMode.None, SearchStrength = false }, sequences: 64, Windows, "without")
            .Models[0];
        Assert.That(searched.Steps.Skip(1).Any(step => step.Kept), "a strength was found");
        Assert.That(searched.Perplexity!.MeanNll, Is.LessThan(without.Perplexity!.MeanNll));
    }

    [Test]
    public void Layers_that_are_all_alike_are_what_the_same_options_everywhere_are()
    {
        using var tales = new TinyTales();
        var surgeon = new SurgeonOptions { Scale = 0.5, PoolFraction = 0.3 };
        var same = Kfac with
        {
            Surgeon = SurgeonMode.Update,
            Fisher = FisherSamples.Tokens,
            SurgeonOptions = surgeon,
            CollectedPool = 0.5,
            Sequential = new SequentialOptions(0.75, 1e-2),
        };
        int layers = tales.Model.Config.Layers;
        var byLayer = same with
        {
            SurgeonOptions = new SurgeonOptions { PoolFraction = 0.1 },
            SurgeonByLayer = [.. Enumerable.Repeat(surgeon, layers)],
            Sequential = new SequentialOptions(),
            SequentialByLayer = [.. Enumerable.Repeat(same.Sequential!, layers)],
        };
        byte[] Weights(CompressionOptions options, string name) =>
            File.ReadAllBytes(Path.Combine(tales.Compress(options, sequences: 8, windows: 2, name).Models[0].Folder, "model.safetensors"));
        Assert.That(Weights(byLayer, "layers"), Is.EqualTo(Weights(same, "same")));
    }

    [Test]
    public void A_larger_collected_pool_changes_nothing()
    {
        using var tales = new TinyTales();
        var options = new CompressionOptions
        {
            Method = CompressionMethod.Whiten,
            Surgeon = SurgeonMode.Select,
            Fisher = FisherSamples.Tokens,
            Ratios = [0.5],
        };
        byte[] Weights(CompressionOptions o, string name) =>
            File.ReadAllBytes(Path.Combine(tales.Compress(o, sequences: 8, windows: 2, name).Models[0].Folder, "model.safetensors"));
        Assert.That(Weights(options with { CollectedPool = 0.5 }, "large"), Is.EqualTo(Weights(options, "own")));
    }

    [Test]
    public void Searches_that_make_no_sense_are_refused_by_name()
    {
        Assert.That(
            (Kfac with { SearchStrength = true }).Validate,
            Throws.TypeOf<InvalidInputException>().With.Message.Contains("--strength auto")
        );
        Assert.That(
            (Kfac with { Method = CompressionMethod.Svd, Allocate = AllocationRule.Uniform, SearchSequential = true }).Validate,
            Throws.TypeOf<InvalidInputException>().With.Message.Contains("--sequential auto")
        );
    }

    private static JsonNode Config(CompressedModel model) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(model.Folder, "config.json")))!["svdsurgeon"]!;
}
