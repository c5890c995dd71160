using NUnit.Framework;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.States;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>Newton steps at the compressed model: their gradient, what they gain, and that runs repeat.</summary>
[TestFixture, Category("Slow")]
public sealed class NewtonTests
{
    private static readonly CompressionOptions Options = new()
    {
        Method = CompressionMethod.Kfac,
        Surgeon = SurgeonMode.None,
        Allocate = AllocationRule.Spectrum,
        Storage = StorageForm.Pivoted,
        Ratios = [0.4],
    };

    [TestCase("opt"), TestCase("opt-postnorm-projected"), TestCase("llama-gqa-tied")]
    public void The_gradient_of_the_divergence_is_its_derivative(string model)
    {
        using var run = new TinyRun(model);
        var (context, tokens) = (run.Context(), run.Tokens(2));
        using var dense = DenseOutputs.Of(context, tokens);
        int rows = tokens.Ids.Length,
            width = context.Model.Config.HiddenSize;
        using var hidden = context.Backend.Allocate(rows, width);
        using var gradient = context.Backend.Allocate(rows, width);
        var random = new Random(3);
        float[] values = [.. Enumerable.Range(0, rows * width).Select(_ => (float)(2 * random.NextDouble() - 1))],
            slope = new float[values.Length];
        context.Backend.Upload(values, hidden);
        dense.Divergence(context.Model, hidden, 0, gradient);
        context.Backend.Download(gradient, slope);

        double At(float[] direction, double step)
        {
            context.Backend.Upload([.. values.Zip(direction, (x, d) => (float)(x + step * d))], hidden);
            return dense.Divergence(context.Model, hidden, 0);
        }
        for (int trial = 0; trial < 3; trial++)
        {
            float[] direction = [.. Enumerable.Range(0, values.Length).Select(_ => (float)(2 * random.NextDouble() - 1))];
            double expected = slope.Zip(direction, (g, d) => (double)g * d).Sum(),
                size = Math.Sqrt(slope.Sum(g => (double)g * g));
            // The divergence of 48 tokens is a float32 number of about 10: 1e-6 of it over a step of 0.02.
            Assert.That(
                (At(direction, 0.01) - At(direction, -0.01)) / 0.02,
                Is.EqualTo(expected).Within(0.01 * size),
                $"direction {trial}"
            );
        }
    }

    [Test]
    public void Steps_lose_less_at_the_same_size()
    {
        using var tales = new TinyTales();
        var without = tales.Compress(Options, 32, 16, "without").Models[0];
        var one = tales.Compress(Options with { Newton = 1 }, 32, 16, "one").Models[0];
        var two = tales.Compress(Options with { Newton = 2 }, 32, 16, "two").Models[0];
        Assert.That(one.ParametersAfter, Is.EqualTo(without.ParametersAfter));
        Assert.That(two.ParametersAfter, Is.EqualTo(without.ParametersAfter));
        Assert.That(one.Perplexity!.MeanNll, Is.LessThan(without.Perplexity!.MeanNll - 0.05));
        Assert.That(two.Perplexity!.MeanNll, Is.LessThan(one.Perplexity.MeanNll));
    }

    [Test]
    public void A_step_goes_on_from_the_one_before_and_leaves_no_statistics_behind()
    {
        using var run = new TinyRun();
        int Passes(int newton, string name) =>
            run.Run(Options with { Newton = newton }, 8, name).Stages.Count(stage => stage.Name == "divergence");
        Assert.That(Passes(1, "one"), Is.EqualTo(1), "however many lengths were tried");
        Assert.That(Passes(2, "two"), Is.EqualTo(1));
        string[] Artifacts(string stage) => Directory.GetDirectories(Path.Combine(run.Folder, "work"), stage + "-*");
        Assert.That(Artifacts("newton-search"), Has.Length.EqualTo(2), "the first step was not taken again");
        Assert.That(Artifacts("divergence"), Is.Empty);

        // Three more: where the second call began is kept, what lies between is not.
        Assert.That(Passes(5, "five"), Is.EqualTo(3));
        Assert.That(
            Artifacts("newton").Count(folder => !folder.Contains("search", StringComparison.Ordinal)),
            Is.EqualTo(3),
            "after one, two and five steps"
        );

        using var fresh = new TinyRun();
        fresh.Run(Options with { Newton = 2 }, 8, "two");
        foreach (string file in Directory.GetFiles(Path.Combine(run.Folder, "two", "ratio-0.4"), "*.safetensors"))
            Assert.That(
                File.ReadAllBytes(file),
                Is.EqualTo(File.ReadAllBytes(Path.Combine(fresh.Folder, "two", "ratio-0.4", Path.GetFileName(file)))),
                "the same bytes in one run as in two"
            );
    }

    [TestCase("whiten", 0, "--newton needs --method kfac"), TestCase("kfac", -1, "--newton -1: must be 0 or more")]
    public void What_makes_no_sense_is_refused(string method, int steps, string message)
    {
        if (steps == 0)
            steps = 1;
        Assert.That(
            () => (Options with { Method = CompressionMethod.Find(method)!, Allocate = AllocationRule.Uniform, Newton = steps }).Validate(),
            Throws.TypeOf<InvalidInputException>().With.Message.Contains(message)
        );
    }
}
