using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.States;

namespace SvdSurgeon.Tests.Pipeline.Search;

/// <summary>How candidates are compared on sequences that no statistic has seen, and what a search leaves on disk.</summary>
[TestFixture, Category("Slow")]
public sealed class HeldOutTests
{
    [Test]
    public void A_difference_is_known_better_than_the_losses()
    {
        var random = new Random(3);
        double[] hard = [.. Enumerable.Range(0, 1024).Select(_ => 4 * random.NextDouble())];
        var before = new HeldOutLoss(hard);
        var after = new HeldOutLoss([.. hard.Select(loss => loss - 0.01 + 0.002 * random.NextDouble())]);
        var (mean, error) = after.Minus(before);
        Assert.Multiple(() =>
        {
            Assert.That(mean, Is.EqualTo(-0.009).Within(1e-3));
            Assert.That(error, Is.LessThan(1e-4));
            Assert.That(after.IsBetterThan(before), Is.True);
            Assert.That(before.IsBetterThan(after), Is.False);
        });
    }

    [Test]
    public void The_standard_error_is_that_of_the_mean_of_blocks()
    {
        // Four blocks of 64 tokens that differ by 1, 3, 5 and 7: mean 4, standard deviation of the blocks sqrt(20/3), over sqrt(4).
        double[] differences = [.. Enumerable.Range(0, 256).Select(t => 1.0 + 2 * (t / 64))];
        var (mean, error) = new HeldOutLoss(differences).Minus(new HeldOutLoss(new double[256]));
        Assert.That(mean, Is.EqualTo(4).Within(1e-12));
        Assert.That(error, Is.EqualTo(Math.Sqrt(20.0 / 3) / 2).Within(1e-12));
    }

    [Test]
    public void A_gain_within_its_standard_error_does_not_count()
    {
        double[] noise = [.. Enumerable.Range(0, 256).Select(t => t / 64 % 2 == 0 ? 1.0 : -1.01)];
        Assert.That(new HeldOutLoss(noise).Mean, Is.LessThan(0));
        Assert.That(new HeldOutLoss(noise).IsBetterThan(new HeldOutLoss(new double[256])), Is.False);
    }

    [Test]
    public void A_model_without_finite_logits_loses_to_every_other()
    {
        var other = new HeldOutLoss([1, 2, 3]);
        Assert.That(HeldOutLoss.Infinite.IsBetterThan(other), Is.False);
        Assert.That(other.IsBetterThan(HeldOutLoss.Infinite), Is.True);
        Assert.That(HeldOutLoss.Infinite.IsBetterThan(HeldOutLoss.Infinite), Is.False);
    }

    [Test]
    public void Losses_equal_the_forward_pass_from_every_layer_on()
    {
        using var tales = new TinyTales();
        using var backend = new CpuBackend(1);
        var tokens = TinyTales.Calibration(9);
        var model = DecoderModel.Load(tales.Model);
        var context = new PipelineContext(tales.Model, model, "", backend, new WorkFolder(""), new Progress<StageProgress>(), default);
        var heldOut = new HeldOutSequences(context, tokens);
        var expected = new double[tokens.Sequences];
        ForwardBackward.Forward(model, backend, tokens.Ids, tokens.Length, expected);
        Assert.That(heldOut.Loss(model).Mean, Is.EqualTo(expected.Average()).Within(1e-12));
        using var states = heldOut.Embed(model);
        foreach (var _ in model.Layers)
        {
            Assert.That(states.Loss(model).Mean, Is.EqualTo(expected.Average()).Within(1e-12));
            states.Advance(model);
        }
    }

    [TestCase(2, 1), TestCase(6, 3), TestCase(16, 4), TestCase(64, 8), TestCase(128, 16), TestCase(512, 32)]
    public void An_eighth_of_the_sequences_is_kept_out(int sequences, int heldOut) =>
        Assert.That(HeldOutSequences.Count(sequences), Is.EqualTo(heldOut));

    [Test]
    public void A_search_leaves_its_losses_and_deletes_what_rejected_candidates_were_made_of()
    {
        using var run = new TinyRun();
        var auto = new CompressionOptions { Method = CompressionMethod.Auto, Ratios = [0.5] };
        var first = run.Run(auto, 8, "auto");
        string work = Path.Combine(run.Folder, "work"),
            result = first.Models[0].Folder;
        byte[] weights = File.ReadAllBytes(Path.Combine(result, "model.safetensors"));
        int candidates = first.Models[0].Steps.Count;
        int Artifacts(string stage) => Directory.GetDirectories(work, stage + "-*").Length;
        Assert.That(Artifacts("held-out"), Is.EqualTo(candidates));
        Assert.That(Artifacts("modules"), Is.LessThan(candidates / 2));

        Directory.Delete(result, recursive: true);
        var second = run.Run(auto, 8, "auto");
        Assert.Multiple(() =>
        {
            Assert.That(
                second.Stages.Where(stage => stage.Name.StartsWith("search", StringComparison.Ordinal)).All(stage => stage.Reused),
                "no candidate is made again"
            );
            Assert.That(second.Models[0].Steps, Is.EqualTo(first.Models[0].Steps));
            Assert.That(File.ReadAllBytes(Path.Combine(result, "model.safetensors")), Is.EqualTo(weights));
        });
    }
}
