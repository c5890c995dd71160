using NUnit.Framework;
using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Stages;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>Duo-SVD's measured sensitivities: against whole forward passes, resumed, and the ranks that follow from them.</summary>
[TestFixture]
public sealed class KlSensitivityTests
{
    private const double Ratio = 0.5;

    // Float32 logits of about 10: a token's divergence is good to about 1e-6, its sum over 24 tokens to 1e-4 of a typical 1.
    private const double Tolerance = 2e-4;

    [TestCase("opt"), TestCase("opt-postnorm-projected"), TestCase("llama-gqa-tied")]
    public void Losses_equal_whole_forward_passes(string model)
    {
        using var run = new TinyRun(model);
        var (context, tokens) = (run.Context(), run.Tokens(3));
        var factors = Factors(context, tokens);
        var measured = KlSensitivity.Measure(context, factors, Ratio, new CompressionOptions { Ratios = [Ratio] }, tokens);
        var modules = context.Model.Linears;
        var baseRanks = measured.Select(candidates => candidates.Single(c => c.KeepRatio == Ratio).Rank).ToArray();
        double baseKl = WholeKl(context, factors, tokens, baseRanks);
        Assert.That(measured, Has.Count.EqualTo(modules.Count));
        for (int i = 0; i < modules.Count; i += 3)
            foreach (var candidate in measured[i])
            {
                int[] ranks = [.. baseRanks];
                ranks[i] = candidate.Rank;
                Assert.That(
                    candidate.Loss,
                    Is.EqualTo(WholeKl(context, factors, tokens, ranks) - baseKl).Within(Tolerance),
                    $"{modules[i].Name} at {candidate.KeepRatio}"
                );
            }
    }

    [Test]
    public void The_base_state_itself_loses_nothing()
    {
        using var run = new TinyRun();
        var (context, tokens) = (run.Context(), run.Tokens(2));
        foreach (
            var candidates in KlSensitivity.Measure(
                context,
                Factors(context, tokens),
                Ratio,
                new CompressionOptions { Ratios = [Ratio], Storage = StorageForm.Pivoted },
                tokens
            )
        )
            Assert.That(candidates.Single(c => c.KeepRatio == Ratio).Loss, Is.Zero);
    }

    [Test]
    public void A_run_that_lost_its_last_layers_measures_the_same_again()
    {
        using var run = new TinyRun("llama-gqa-tied");
        var (context, tokens) = (run.Context(), run.Tokens(2));
        var factors = Factors(context, tokens);
        var first = KlSensitivity.Measure(context, factors, Ratio, new CompressionOptions { Ratios = [Ratio] }, tokens);
        string folder = Directory.GetDirectories(context.Work.Path, "sensitivity-*").Single();
        File.Delete(Path.Combine(folder, ArtifactParts.Layer(1)));
        File.Delete(Path.Combine(folder, ArtifactParts.Layer(2)));
        var second = KlSensitivity.Measure(context, factors, Ratio, new CompressionOptions { Ratios = [Ratio] }, tokens);
        Assert.That(second.SelectMany(c => c), Is.EqualTo(first.SelectMany(c => c)));
    }

    public static IEnumerable<AllocationRule> Rules => AllocationRule.All.Where(rule => !rule.IsKnownBeforehand && !rule.ComparesModules);

    [Test]
    public void Ranks_differ_from_the_uniform_ones_and_keep_the_budget(
        [ValueSource(nameof(Rules))] AllocationRule rule,
        [Values] StorageForm storage
    )
    {
        using var run = new TinyRun();
        var options = new CompressionOptions
        {
            Surgeon = SurgeonMode.None,
            Allocate = rule,
            Storage = storage,
            Ratios = [Ratio],
        };
        var context = run.Context();
        var stages = new CompressionStages(context, run.Tokens(8), run.Tokens(8), run.Tokens(4));
        var plan = stages.Plan(Ratio, options);
        Assert.Multiple(() =>
        {
            Assert.That(plan.AchievedRatio, Is.InRange(0.8 * Ratio, Ratio));
            Assert.That(
                plan.Modules.Select(m => m.Rank),
                Is.Not.EqualTo(CompressionPlan.Uniform(context.Model, Ratio, options).Modules.Select(m => m.Rank))
            );
        });
    }

    [Test]
    public void No_sequences_to_measure_on_is_refused()
    {
        var options = new CompressionOptions
        {
            Allocate = AllocationRule.Dp,
            KlSequences = 0,
            Ratios = [Ratio],
        };
        Assert.That(options.Validate, Throws.TypeOf<InvalidInputException>().With.Message.Contains("--kl-sequences"));
    }

    private static FactorSet Factors(PipelineContext context, TokenSet tokens)
    {
        var options = new CompressionOptions { Ratios = [Ratio] };
        return FactorSet.Decompose(context, ModuleMetric.Collect(context, options, tokens), options with { Storage = StorageForm.Pivoted });
    }

    // KL(dense ‖ model of these ranks) by the backend's own operation over all logits, summed over tokens, mean over sequences.
    private static double WholeKl(PipelineContext context, FactorSet factors, TokenSet tokens, int[] ranks)
    {
        var model = DecoderModel.Load(context.Source);
        int i = 0;
        foreach (var layer in context.Model.Layers)
        {
            using var file = factors.OpenLayer(layer.Index);
            foreach (var module in layer.Linears)
            {
                int rank = ranks[i++];
                if (rank > 0)
                    model.Replace(
                        module.Name,
                        StoredForms.LowRank(module, Truncation.Keep(FactorSet.Load(file, module.Name, rank), rank), DType.F32)
                    );
            }
        }
        using Tensor p = LastHidden(context.Model),
            q = LastHidden(model);
        var divergences = new double[tokens.Ids.Length];
        model.KullbackLeibler(context.Backend, p, q, divergences);
        return divergences.Sum() / tokens.Sequences;

        Tensor LastHidden(DecoderModel m)
        {
            IBackend backend = context.Backend;
            var hidden = backend.Allocate(tokens.Ids.Length, m.Config.HiddenSize);
            m.Embed(backend, tokens.Ids, tokens.Sequences, hidden);
            foreach (var layer in m.Layers)
                layer.Forward(backend, hidden, new LayerContext(tokens.Sequences, tokens.Length));
            return hidden;
        }
    }
}
