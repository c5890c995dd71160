using NUnit.Framework;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.States;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>The methods as a pipeline: sizes that are kept, orders that must hold, combinations that are refused.</summary>
[TestFixture, Category("Slow")]
internal sealed class MethodTests
{
    private const int Sequences = 32,
        Windows = 16;

    [Test]
    public void Each_step_beyond_whitening_loses_less_at_the_same_size()
    {
        using var tales = new TinyTales();
        var whiten = new CompressionOptions
        {
            Method = CompressionMethod.Whiten,
            Surgeon = SurgeonMode.None,
            Ratios = [0.4],
        };
        var kfac = whiten with { Method = CompressionMethod.Kfac };
        var spectrum = kfac with { Allocate = AllocationRule.Spectrum };
        var pivoted = spectrum with { Storage = StorageForm.Pivoted };
        var sequential = pivoted with { Sequential = new SequentialOptions() };
        CompressionOptions[] steps = [whiten, kfac, spectrum, pivoted, sequential];
        double last = double.PositiveInfinity;
        for (int i = 0; i < steps.Length; i++)
        {
            var model = tales.Compress(steps[i], Sequences, Windows, $"step-{i}").Models[0];
            Assert.That(model.AchievedRatio, Is.LessThanOrEqualTo(0.4), $"step {i} keeps the budget");
            Assert.That(model.Perplexity!.MeanNll, Is.LessThan(last), $"step {i} improves");
            last = model.Perplexity.MeanNll;
        }
    }

    [TestCase("asvd"), TestCase("fwsvd")]
    public void The_baselines_run_with_the_surgeon_on_top(string method)
    {
        using var tales = new TinyTales();
        var options = new CompressionOptions
        {
            Method = CompressionMethod.Find(method)!,
            Surgeon = SurgeonMode.Select,
            Fisher = FisherSamples.Tokens,
            Ratios = [0.6],
        };
        var model = tales.Compress(options, Sequences, Windows).Models[0];
        Assert.That(model.Perplexity!.Ppl, Is.InRange(1.7, 3), "a usable model");
    }

    [Test]
    public void Eigen_whitening_equals_Cholesky_where_the_Gram_matrix_is_regular()
    {
        using var tales = new TinyTales();
        var cholesky = new CompressionOptions
        {
            Method = CompressionMethod.Whiten,
            Surgeon = SurgeonMode.None,
            Ratios = [0.6],
        };
        double a = tales.Compress(cholesky, Sequences, Windows, "cholesky").Models[0].Perplexity!.MeanNll;
        double b = tales
            .Compress(cholesky with { Whitening = WhiteningForm.Eigen }, Sequences, Windows, "eigen")
            .Models[0]
            .Perplexity!.MeanNll;
        Assert.That(b, Is.EqualTo(a).Within(0.5).Percent);
    }

    [TestCase(ColumnMode.Preserve), TestCase(ColumnMode.Refit)]
    public void Columns_work_with_the_surgeon_on_top(ColumnMode columns)
    {
        using var tales = new TinyTales();
        var options = new CompressionOptions
        {
            Method = CompressionMethod.Whiten,
            Columns = columns,
            Surgeon = SurgeonMode.Update,
            Fisher = FisherSamples.Tokens,
            Ratios = [0.8],
        };
        var model = tales.Compress(options, Sequences, Windows).Models[0];
        Assert.That(model.Perplexity!.Ppl, Is.InRange(1.7, 1.9), "close to the dense model's 1.75");
    }

    [Test]
    public void Auto_is_never_worse_than_whitening_and_says_what_each_step_gave()
    {
        using var tales = new TinyTales();
        var auto = new CompressionOptions { Method = CompressionMethod.Auto, Ratios = [0.5] };
        var model = tales.Compress(auto, sequences: 16, windows: 8, "auto").Models[0];
        var plain = tales
            .Compress(auto with { Method = CompressionMethod.Whiten, Surgeon = SurgeonMode.None }, sequences: 16, windows: 8, "whiten")
            .Models[0];
        Assert.Multiple(() =>
        {
            Assert.That(model.Perplexity!.MeanNll, Is.LessThan(plain.Perplexity!.MeanNll));
            Assert.That(model.AchievedRatio, Is.LessThanOrEqualTo(0.5));
            Assert.That(model.Steps.Select(step => step.Name), Does.Contain("svd").And.Contain("whitening").And.Contain("pivoted storage"));
            Assert.That(
                model.Steps.Where(step => step.Kept).Select(step => step.HeldOutLoss),
                Is.Ordered.Descending,
                "a step is kept only if held-out loss improves"
            );
        });
    }

    [Test]
    public void Too_few_sequences_for_the_rank_are_warned_of_with_the_numbers_and_the_way_out()
    {
        using var tales = new TinyTales();
        var options = new CompressionOptions { Method = CompressionMethod.Whiten, Ratios = [0.6] };
        var published = tales.Compress(options, sequences: 16, windows: 4, "published");
        var tokens = tales.Compress(options with { Fisher = FisherSamples.Tokens }, sequences: 16, windows: 4, "tokens");
        var shrunk = tales.Compress(
            options with
            {
                SurgeonOptions = new SurgeonOptions { Shrinkage = Shrinkage.LedoitWolf },
            },
            sequences: 16,
            windows: 4,
            "shrunk"
        );
        Assert.Multiple(() =>
        {
            Assert.That(published.Warnings, Has.Count.EqualTo(1));
            Assert.That(
                published.Warnings[0],
                Does.Contain("16 sequences")
                    .And.Contain("--fisher tokens")
                    .And.Contain("--shrinkage ledoit-wolf")
                    .And.Contain("--fisher-sequences ")
            );
            Assert.That(
                tales.Progress.Count(report => report.Stage == StageProgress.Warning),
                Is.EqualTo(1),
                "said when it can still be heeded"
            );
            Assert.That(tokens.Warnings, Is.Empty);
            Assert.That(shrunk.Warnings, Is.Empty);
        });
    }

    [TestCase(FisherSamples.Sequences), TestCase(FisherSamples.Tokens)]
    public void Shrinkage_makes_a_Fisher_of_few_samples_do_less_harm(FisherSamples samples)
    {
        using var tales = new TinyTales();
        var options = new CompressionOptions
        {
            Method = CompressionMethod.Whiten,
            Fisher = samples,
            Ratios = [0.4],
        };
        double Loss(CompressionOptions o, string name) => tales.Compress(o, sequences: 16, Windows, name).Models[0].Perplexity!.MeanNll;
        double raw = Loss(options, "raw"),
            shrunk = Loss(options with { SurgeonOptions = new SurgeonOptions { Shrinkage = Shrinkage.LedoitWolf } }, "shrunk");
        TestContext.Out.WriteLine($"{samples}: {raw} without, {shrunk} with shrinkage");
        Assert.That(shrunk, Is.LessThan(raw));
    }

    [Test]
    public void A_spectrum_of_one_sided_whitening_is_refused_by_name()
    {
        var options = new CompressionOptions
        {
            Method = CompressionMethod.Whiten,
            Allocate = AllocationRule.Spectrum,
            Ratios = [0.5],
        };
        Assert.That(
            options.Validate,
            Throws.TypeOf<InvalidInputException>().With.Message.Contains("--allocate spectrum").And.Message.Contains("kfac")
        );
    }

    [Test]
    public void A_result_that_is_already_there_is_not_made_again()
    {
        using var tales = new TinyTales();
        var options = new CompressionOptions
        {
            Method = CompressionMethod.Svd,
            Surgeon = SurgeonMode.None,
            Ratios = [0.5],
        };
        var first = tales.Compress(options, Sequences, Windows);
        var second = tales.Compress(options, Sequences, Windows);
        Assert.Multiple(() =>
        {
            Assert.That(second.Stages.Where(stage => !stage.Reused).Select(stage => stage.Name), Is.EqualTo(new[] { "eval 0.5" }));
            Assert.That(second.Models[0].Perplexity!.Ppl, Is.EqualTo(first.Models[0].Perplexity!.Ppl));
            Assert.That(
                () => tales.Compress(options with { Method = CompressionMethod.Whiten }, Sequences, Windows),
                Throws.TypeOf<InvalidInputException>().With.Message.Contains("ratio-0.5")
            );
        });
    }

    [Test]
    public void The_factor_update_improves_a_strongly_compressed_model()
    {
        using var tales = new TinyTales();
        var plain = new CompressionOptions { Surgeon = SurgeonMode.None, Ratios = [0.4] };
        double without = tales.Compress(plain, Sequences, Windows, "plain").Models[0].Perplexity!.MeanNll;
        double with = tales.Compress(plain with { Update = true }, Sequences, Windows, "update").Models[0].Perplexity!.MeanNll;
        Assert.That(with, Is.LessThan(without));
    }

    [TestCase(null), TestCase(ColumnMode.Refit)]
    public void An_update_that_was_killed_ends_in_the_same_numbers(ColumnMode? columns)
    {
        using var run = new TinyRun("llama-gqa-tied");
        var options = new CompressionOptions
        {
            Columns = columns,
            Update = true,
            Surgeon = SurgeonMode.None,
            Ratios = [0.5],
        };
        run.Compress(options, name: "whole");
        foreach (string stage in (string[])["update-*", "modules-*"])
            File.Delete(Path.Combine(Directory.GetDirectories(run.Context().Work.Path, stage).Single(), ArtifactParts.Layer(2)));
        run.Compress(options, name: "again");
        Assert.That(Weights("again"), Is.EqualTo(Weights("whole")));

        byte[] Weights(string name) => File.ReadAllBytes(Path.Combine(run.Folder, name, "ratio-0.5", "model.safetensors"));
    }

    [TestCase("opt", 1.0), TestCase("llama-gqa-tied", 1.0), TestCase("llama-gqa-tied", 0.5)]
    public void Bias_correction_keeps_the_budget_and_the_mean_output(string model, double shareOfDense)
    {
        using var run = new TinyRun(model);
        var options = new CompressionOptions
        {
            BiasCorrection = true,
            Surgeon = SurgeonMode.None,
            Ratios = [0.7 * shareOfDense],
            Sequences = 4,
            StorageType = Tensors.DType.F32,
        };
        var result = run.Compress(options, sequences: 4, evaluate: false);
        using var written = Checkpoint.Open(result.Folder);
        var (dense, compressed) = (DecoderModel.Load(run.Model), DecoderModel.Load(written));
        Assert.That(result.AchievedRatio, Is.LessThanOrEqualTo(options.Ratios[0]), "added biases are counted");
        // The first group's inputs are the same in both models, so its mean outputs must be too.
        var context = run.Context();
        using var inputs = new HiddenStates(context, dense, run.Tokens(4)).GroupInputs(dense.Layers[0], 0, 0, 4);
        for (int i = 0; i < 3; i++)
        {
            double[] expected = MeanOutput(dense.Layers[0].Linears[i]),
                actual = MeanOutput(compressed.Layers[0].Linears[i]);
            for (int j = 0; j < expected.Length; j++)
                Assert.That(actual[j], Is.EqualTo(expected[j]).Within(1e-3), $"{dense.Linears[i].Name}, output {j}");
        }

        double[] MeanOutput(LinearModule module)
        {
            using var y = run.Backend.Allocate(inputs.Rows, module.OutFeatures);
            module.Forward(run.Backend, inputs, y);
            var sums = new double[module.OutFeatures];
            run.Backend.AddColumnSums(y, false, sums);
            return [.. sums.Select(s => s / inputs.Rows)];
        }
    }

    private static CompressionOptions Whiten => new() { Ratios = [0.5] };

    private static readonly object[][] Refused =
    [
        [Whiten with { Update = true, Sequential = new SequentialOptions() }, "--update", "--sequential"],
        [Whiten with { BiasCorrection = true, Update = true }, "--bias-correction", "--update"],
        [Whiten with { BiasCorrection = true, Sequential = new SequentialOptions() }, "--bias-correction", "--sequential"],
        [Whiten with { Method = CompressionMethod.Auto, Update = true }, "--update", "--method auto"],
        [Whiten with { SurgeonOptions = new SurgeonOptions { FirstOrderWeight = double.NaN } }, "--first-order", "0 or more"],
    ];

    [TestCaseSource(nameof(Refused))]
    public void A_combination_that_makes_no_sense_is_refused_by_name(CompressionOptions options, string first, string second) =>
        Assert.That(options.Validate, Throws.TypeOf<InvalidInputException>().With.Message.Contains(first).And.Message.Contains(second));

    [Test]
    public void Added_biases_and_dense_output_are_refused_where_other_programs_would_ignore_the_biases()
    {
        using var run = new TinyRun("llama-gqa-tied");
        Assert.That(
            () => run.Compress(Whiten with { BiasCorrection = true, Dense = true }),
            Throws.TypeOf<InvalidInputException>().With.Message.Contains("--dense")
        );
    }

    [Test]
    public void The_first_order_term_changes_the_correction()
    {
        using var run = new TinyRun();
        var options = Whiten with { StorageType = Tensors.DType.F32 };
        double without = run.Compress(options, name: "without").Perplexity!.MeanNll;
        double with = run.Compress(
            options with
            {
                SurgeonOptions = new SurgeonOptions { FirstOrderWeight = 0.5 },
            },
            name: "with"
        ).Perplexity!.MeanNll;
        Assert.That(with, Is.Not.EqualTo(without));
    }
}
