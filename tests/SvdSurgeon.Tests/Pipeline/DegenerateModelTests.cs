using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Calibration;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>
/// Models and data that break methods elsewhere: singular Gram matrices, an input feature that is always 0, a layer whose modules give
/// constants, one sequence. Every method must give a finite model within the budget.
/// </summary>
[TestFixture, Category("Slow")]
public sealed class DegenerateModelTests
{
    private const double Ratio = 0.5;

    // The golden models are random and predict random tokens: their loss is 5 to 14 nats, and half of them is no worse than this.
    private const double AllowedLoss = 4;

    private static readonly CompressionOptions Whiten = new()
    {
        Ratios = [Ratio],
        Sequences = 8,
        FisherSequences = 8,
        KlSequences = 2,
        Surgeon = SurgeonMode.Select,
    };
    private static readonly CompressionOptions Kfac = Whiten with { Method = CompressionMethod.Kfac };

    private static readonly (string Name, CompressionOptions Options)[] Methods =
    [
        ("svd", Whiten with { Method = CompressionMethod.Svd }),
        ("asvd", Whiten with { Method = CompressionMethod.Asvd }),
        ("fwsvd", Whiten with { Method = CompressionMethod.Fwsvd }),
        ("whiten", Whiten),
        ("whiten, update of values", Whiten with { Surgeon = SurgeonMode.Update }),
        ("eigen", Whiten with { Whitening = WhiteningForm.Eigen }),
        ("tokens", Whiten with { Fisher = FisherSamples.Tokens }),
        ("columns", Whiten with { Columns = ColumnMode.Preserve }),
        ("refit", Whiten with { Columns = ColumnMode.Refit }),
        ("factor update", Whiten with { Update = true }),
        ("eigen, factor update", Whiten with { Whitening = WhiteningForm.Eigen, Update = true }),
        ("refit, factor update", Whiten with { Columns = ColumnMode.Refit, Update = true }),
        ("bias", Whiten with { BiasCorrection = true }),
        ("dp", Whiten with { Allocate = AllocationRule.Dp }),
        ("greedy", Whiten with { Allocate = AllocationRule.Greedy }),
        ("fisher", Whiten with { Allocate = AllocationRule.Fisher }),
        ("kfac", Kfac),
        ("spectrum, pivoted", Kfac with { Allocate = AllocationRule.Spectrum, Storage = StorageForm.Pivoted }),
        ("kfac, refit", Kfac with { Columns = ColumnMode.Refit }),
        ("sequential", Kfac with { Sequential = new SequentialOptions(), Storage = StorageForm.Pivoted }),
        ("refined", Kfac with { Refinements = 1 }),
    ];

    public static IEnumerable<string> Names => Methods.Select(m => m.Name);

    [Test]
    public void One_calibration_sequence_gives_a_finite_model([ValueSource(nameof(Names))] string method)
    {
        // 24 tokens for inputs of width 32 and 56: every Gram matrix is singular.
        using var run = new TinyRun("llama-gqa-tied");
        AssertUsable(run, run.Tokens(1), method);
    }

    [Test]
    public void One_token_said_again_and_again_gives_a_finite_model([ValueSource(nameof(Names))] string method)
    {
        using var run = new TinyRun();
        AssertUsable(run, new TokenSet([.. Enumerable.Repeat(5, 2 * TinyRun.Length)], 2, TinyRun.Length), method);
    }

    [Test]
    public void A_feature_that_is_always_zero_gives_a_finite_model([ValueSource(nameof(Names))] string method)
    {
        using var run = Damaged(
            "llama-gqa-tied",
            (name, values) =>
            {
                if (name.EndsWith("input_layernorm.weight", StringComparison.Ordinal))
                    values[3] = 0;
            }
        );
        AssertUsable(run, run.Tokens(6), method);
    }

    [Test]
    public void Inputs_whose_squares_no_float32_holds_end_the_run_by_name()
    {
        // All weights are finite, and so are the inputs of fc2, about 1e21; their Gram matrix is not.
        using var run = Damaged(
            "opt",
            (name, values) =>
            {
                if (name.EndsWith("layers.1.fc1.weight", StringComparison.Ordinal))
                    values.Fill(1e20f);
            }
        );
        var error = Assert.Throws<NumericalException>(() => run.Compress(Whiten));
        Assert.That(error!.Message, Does.StartWith("model.decoder.layers.1.fc2: its inputs or gradients are not finite numbers."));
        string[] parts =
        [
            .. Directory
                .EnumerateFiles(Path.Combine(run.Folder, "work"), "layer.*", SearchOption.AllDirectories)
                .Select(file => Path.GetFileName(file)),
        ];
        Assert.That(parts, Is.EqualTo(["layer.0000.safetensors"]), "the layer before is whole, and nothing of this one is there");
    }

    [TestCase("opt"), TestCase("llama-gqa-tied")]
    public void A_layer_of_zeros_gives_a_finite_model_by_every_method(string model)
    {
        foreach (string method in Names)
        {
            using var run = Damaged(
                model,
                (name, values) =>
                {
                    if (
                        name.Contains("layers.1.", StringComparison.Ordinal)
                        && (name.Contains("proj", StringComparison.Ordinal) || name.Contains(".fc", StringComparison.Ordinal))
                    )
                        values.Clear();
                }
            );
            AssertUsable(run, run.Tokens(6), method);
        }
    }

    [Test]
    public void Columns_instead_of_the_only_rank_leave_factors_of_rank_0_that_are_written_and_read(
        [Values] ColumnMode mode,
        [Values] SurgeonMode surgeon
    )
    {
        // At 0.07 the budget of down_proj (32 × 56) is one rank or two columns, and two of its inputs outweigh all others.
        using var run = Damaged(
            "llama-gqa-tied",
            (name, values) =>
            {
                if (!name.EndsWith("up_proj.weight", StringComparison.Ordinal))
                    return;
                int width = values.Length / 56;
                foreach (int feature in (int[])[3, 7])
                foreach (ref float v in values.Slice(feature * width, width))
                    v *= 100;
            }
        );
        var options = Whiten with { Ratios = [0.07], Columns = mode, Surgeon = surgeon, Update = surgeon == SurgeonMode.Update };
        var result = run.Compress(options, name: $"{mode}-{surgeon}");
        Assert.That(double.IsFinite(result.Perplexity!.MeanNll));
        using var written = Checkpoint.Open(Path.Combine(run.Folder, $"{mode}-{surgeon}", "ratio-0.07"));
        var model = DecoderModel.Load(written);
        Assert.That(model.Linears.Select(m => m.Rank), Has.Some.Zero, "this model has modules of columns alone");
        Assert.That(
            model.Linears.Select(m => (m.OutFeatures, m.InFeatures)),
            Is.EqualTo(DecoderModel.Load(run.Model).Linears.Select(m => (m.OutFeatures, m.InFeatures)))
        );
    }

    private static void AssertUsable(TinyRun run, TokenSet tokens, string method)
    {
        var windows = TokenWindows.FromText(run.Tokens(4, seed: 2).Ids, TinyRun.Length, 0);
        double dense = Perplexity.Evaluate(DecoderModel.Load(run.Model), run.Backend, windows).MeanNll;
        var result = Compressor
            .Run(
                new CompressionJob
                {
                    Model = run.Model,
                    Options = Methods.First(m => m.Name == method).Options,
                    Calibration = tokens,
                    OutputFolder = Path.Combine(run.Folder, method),
                    Evaluation = () => windows,
                },
                run.Backend
            )
            .Models[0];
        Assert.Multiple(() =>
        {
            Assert.That(result.AchievedRatio, Is.LessThanOrEqualTo(Ratio), method);
            Assert.That(result.Perplexity!.MeanNll, Is.EqualTo(dense).Within(AllowedLoss), method);
        });
    }

    private delegate void Change(string tensor, Span<float> values);

    // A copy of a golden model with some numbers changed.
    private static TinyRun Damaged(string model, Change change)
    {
        string source = GoldenFiles.Copied("models", model),
            folder = Directory.CreateTempSubdirectory("svdsurgeon-model-").FullName;
        using var checkpoint = Checkpoint.Open(source);
        var entries = new List<TensorEntry>();
        foreach (var tensor in checkpoint.Tensors.Values)
        {
            float[] values = tensor.ToSingles();
            change(tensor.Name, values);
            entries.Add(TensorEntry.FromSingles(tensor.Name, [.. tensor.Shape], values));
        }
        SafeTensorsWriter.Write(Path.Combine(folder, "model.safetensors"), entries);
        File.WriteAllText(
            Path.Combine(folder, "config.json"),
            JsonNode.Parse(File.ReadAllText(Path.Combine(source, "config.json")))!.ToJsonString()
        );
        return new TinyRun(Checkpoint.Open(folder), folder);
    }
}
