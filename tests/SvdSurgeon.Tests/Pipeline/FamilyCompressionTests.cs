using NUnit.Framework;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>Every family goes through the pipeline, and its fused projections are compressed as the one module that they are.</summary>
[TestFixture, Category("Slow")]
public sealed class FamilyCompressionTests
{
    private static readonly CompressionOptions Options = new()
    {
        Ratios = [0.5],
        Method = CompressionMethod.Kfac,
        Sequences = 8,
        FisherSequences = 8,
        Surgeon = SurgeonMode.Update,
        Sequential = new SequentialOptions(),
    };

    [TestCase("gemma2", 7)]
    [TestCase("gemma3-text", 7)]
    [TestCase("gptneox", 4, "attention.query_key_value")]
    [TestCase("gptneox-sequential", 4, "attention.query_key_value")]
    [TestCase("granite", 7)]
    [TestCase("olmo2", 7)]
    [TestCase("phi3-partial", 4, "self_attn.qkv_proj", "mlp.gate_up_proj")]
    [TestCase("smollm3", 7)]
    [TestCase("stablelm", 7)]
    public void A_compressed_model_is_written_read_and_about_as_good(string name, int modulesPerLayer, params string[] fused)
    {
        using var run = new TinyRun(name);
        run.Compress(Options);
        using var compressed = Checkpoint.Open(Path.Combine(run.Folder, "out", "ratio-0.5"));
        var (dense, model) = (DecoderModel.Load(run.Model), DecoderModel.Load(compressed));
        Assert.That(model.Linears, Has.Count.EqualTo(modulesPerLayer * model.Config.Layers));
        Assert.That(model.Linears, Is.All.InstanceOf<LowRankLinear>());
        Assert.That(model.Linears.Sum(m => m.ParameterCount), Is.LessThanOrEqualTo(dense.Linears.Sum(m => m.ParameterCount) / 2));
        foreach (string part in fused)
            Assert.That(model.Layers[0].Linears.Count(m => m.Name.EndsWith(part, StringComparison.Ordinal)), Is.EqualTo(1), part);
        var tokens = run.Tokens(4, seed: 2);
        double[] before = new double[4],
            after = new double[4];
        ForwardBackward.Forward(dense, run.Backend, tokens.Ids, TinyRun.Length, before);
        ForwardBackward.Forward(model, run.Backend, tokens.Ids, TinyRun.Length, after);
        // Random models on random tokens: their loss is no better than chance, and half of them must not be much worse.
        Assert.That(after.Average(), Is.LessThan(before.Average() + 1));
        Assert.That(after, Is.Not.EqualTo(before));
    }

    [Test]
    public void What_needs_the_divergence_is_refused_for_models_that_cap_their_logits_before_any_work()
    {
        using var run = new TinyRun("gemma2");
        foreach (
            var options in (CompressionOptions[])
                [Options with { Newton = 1, Sequential = null }, Options with { Allocate = AllocationRule.Dp }]
        )
        {
            var error = Assert.Throws<InvalidInputException>(() => run.Compress(options));
            Assert.That(error!.Message, Does.Contain("gemma2").And.Contain("--allocate uniform"));
        }
        Assert.That(Directory.Exists(Path.Combine(run.Folder, "work", "whiten")), Is.False);
        Assert.That(Directory.Exists(Path.Combine(run.Folder, "out")), Is.False);
    }
}
