using System.Security.Cryptography;
using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Export;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Bits;

namespace SvdSurgeon.Tests.Pipeline.Bits;

/// <summary>Models of integers, from the statistics to the folder and back.</summary>
[TestFixture, Category("Slow")]
public sealed class BitsTests
{
    private const int Sequences = 16,
        Windows = 8;

    // One for all tests that ask for no memory or threads of their own: statistics and what bits lose are computed once.
    private readonly Run _run = new();

    [OneTimeTearDown]
    public void Delete() => _run.Dispose();

    [Test]
    public void Every_size_is_met_and_fewer_bits_lose_more()
    {
        var models = _run.Make(new BitsOptions { Bits = [6.5, 4.5, 3.5, 3.0], Effort = 1 }).Models;
        double dense = _run.Dense();
        double last = dense;
        foreach (var (model, bits) in models.Zip([6.5, 4.5, 3.5, 3.0]))
        {
            Assert.That(model.Bits, Is.LessThanOrEqualTo(bits).And.GreaterThan(bits - 0.05));
            Assert.That(model.Bytes, Is.EqualTo(new FileInfo(Path.Combine(model.Folder, "model.safetensors")).Length));
            Assert.That(model.Perplexity!.MeanNll, Is.GreaterThan(last - 0.002));
            last = model.Perplexity.MeanNll;
        }
        Assert.That(models[0].Perplexity!.MeanNll, Is.EqualTo(dense).Within(0.002));
        Assert.That(models[^1].Perplexity!.MeanNll, Is.LessThan(dense + 0.1));
    }

    // transformers and vLLM unpack linear modules alone.
    [TestCase(8, "svdsurgeon export ")]
    [TestCase(BitsOptions.KeepEmbedding, "python3 ")]
    public void A_folder_with_a_packed_embedding_goes_to_transformers_by_an_export_and_others_as_they_are(int bits, string command)
    {
        string folder =
                _run.Make(
                        new BitsOptions
                        {
                            Bits = [4.5],
                            Effort = 1,
                            EmbeddingBits = bits,
                        }
                    )
                    .Models[0]
                    .Folder,
            exported = folder + "-exported";
        var way = Exporter.WaysOut(folder).Single(way => way.RunsIn == "transformers, vLLM");
        Assert.That(way.Command, Does.StartWith(command));
        using (var backend = new CpuBackend(1))
            Exporter.Run(folder, "hf", new ExportOptions { WithoutTokenizer = true }, exported, backend);
        using var result = Checkpoint.Open(exported);
        var packed = result.Tensors.Values.Where(tensor => tensor.HasSeparateScales).Select(tensor => tensor.Name);
        Assert.That(packed, Is.Not.Empty.And.All.Contains(".layers."));
    }

    [Test]
    public void Chosen_bits_with_error_feedback_beat_every_control_of_the_same_size()
    {
        double Loss(RoundingMethod rounding, bool equal) =>
            _run.Make(
                    new BitsOptions
                    {
                        Bits = [3.5],
                        Effort = 1,
                        Rounding = rounding,
                        EqualBits = equal,
                    }
                )
                .Models[0]
                .Perplexity!.MeanNll;
        double chosen = Loss(RoundingMethod.Feedback, false);
        Assert.That(chosen, Is.LessThan(Loss(RoundingMethod.Feedback, true)));
        Assert.That(chosen, Is.LessThan(Loss(RoundingMethod.Nearest, false)));
        Assert.That(chosen, Is.LessThan(Loss(RoundingMethod.Nearest, true)));
    }

    [Test]
    public void Training_the_rounding_brings_predictions_closer_and_is_judged_on_other_sequences()
    {
        var rounded = _run.Make(new BitsOptions { Bits = [2.6], Effort = 1 }).Models[0];
        var trained = _run.Make(new BitsOptions { Bits = [2.6], Effort = 3 }).Models[0];
        Assert.That(trained.Steps.Select(step => step.Name), Is.EqualTo(["rounded", "trained"]));
        Assert.That(trained.Steps[1].HeldOutLoss, Is.LessThan(trained.Steps[0].HeldOutLoss));
        Assert.That(trained.Perplexity!.MeanNll, Is.LessThan(rounded.Perplexity!.MeanNll));
        Assert.That(trained.Bytes, Is.EqualTo(rounded.Bytes).Within(4096));
    }

    [Test]
    public void Threads_and_an_interrupted_run_change_no_byte()
    {
        var options = new BitsOptions { Bits = [3.0], Effort = 2 };
        string Weights(Run run) =>
            Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(run.Make(options).Models[0].Folder, "model.safetensors"))));
        using Run one = new(threads: 1, sequences: 6),
            two = new(threads: 2, sequences: 6),
            stopped = new(threads: 1, sequences: 6);
        string expected = Weights(one);
        Assert.That(Weights(two), Is.EqualTo(expected));
        Assert.That(() => stopped.Make(options, stopAt: "round"), Throws.TypeOf<OperationCanceledException>());
        Assert.That(() => stopped.Make(options, stopAt: "train"), Throws.TypeOf<OperationCanceledException>());
        Assert.That(Weights(stopped), Is.EqualTo(expected));
    }

    [Test]
    public void Below_two_bits_in_the_usual_groups_factors_and_wider_groups_reach_a_size_that_reads_back_equal()
    {
        using var run = new Run();
        var models = run.Make(new BitsOptions { Bits = [2.0, 2.5], Effort = 2 }).Models;
        double dense = run.Dense();
        foreach (var (model, bits) in models.Zip([2.0, 2.5]))
        {
            Assert.That(model.Bits, Is.LessThanOrEqualTo(bits).And.GreaterThan(bits - 0.05));
            using var backend = new CpuBackend(1);
            using var read = Checkpoint.Open(model.Folder);
            Assert.That(
                Perplexity.Evaluate(DecoderModel.Load(read), backend, TinyTales.Evaluation(Windows)).MeanNll,
                Is.EqualTo(model.Perplexity!.MeanNll)
            );
        }
        using var smallest = Checkpoint.Open(models[0].Folder);
        Assert.That(DecoderModel.Load(smallest).Linears.Count(module => module.Kind == "low-rank"), Is.Positive);
        Assert.That(models[1].Perplexity!.MeanNll, Is.LessThan(models[0].Perplexity!.MeanNll).And.LessThan(dense + 0.3));
    }

    [Test]
    public void What_is_asked_for_beside_a_size_does_not_change_it()
    {
        using Run together = new(),
            alone = new();
        var options = new BitsOptions { Effort = 1 };
        string Weights(QuantizedModel model) =>
            Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(model.Folder, "model.safetensors"))));
        var both = together.Make(options with { Bits = [2.0, 3.0] }).Models;
        Assert.That(Weights(both[1]), Is.EqualTo(Weights(alone.Make(options with { Bits = [3.0] }).Models[0])));
    }

    [Test]
    public void A_file_size_is_met_and_one_that_cannot_be_is_refused()
    {
        const long target = 700_000;
        var model = _run.Make(new BitsOptions { TargetBytes = target, Effort = 1 }).Models[0];
        Assert.That(model.Bytes, Is.LessThanOrEqualTo(target).And.GreaterThan(target * 0.98));
        Assert.That(
            () => _run.Make(new BitsOptions { TargetBytes = 60_000, Effort = 1 }),
            Throws.TypeOf<InvalidInputException>().With.Message.Contains("--target-size")
        );
    }

    [Test]
    public void The_layout_of_compressed_tensors_is_read_as_transformers_reads_it()
    {
        string folder = GoldenFiles.Shared("golden", "files", "pack-quantized");
        using var backend = new CpuBackend(1);
        using var model = Checkpoint.Open(folder);
        var windows = EvaluationData.Open(model, [], GoldenFiles.Shared("data", "ids", "tinytales-llama.evaluation.npy"), 256, null);
        var result = Perplexity.Evaluate(DecoderModel.Load(model), backend, windows);
        // expected.json: transformers 5.24 with compressed-tensors 0.20.1.
        Assert.That(result.Ppl, Is.EqualTo(1.752268067306685).Within(2e-5));
    }

    [Test]
    public void Options_that_make_no_sense_are_refused_by_name()
    {
        Assert.That(() => new BitsOptions().Validate(), Refused("--bits"));
        Assert.That(() => new BitsOptions { Bits = [1] }.Validate(), Refused("--bits"));
        Assert.That(() => new BitsOptions { Bits = [4, 4] }.Validate(), Refused("--bits"));
        Assert.That(() => new BitsOptions { Bits = [4], Effort = 6 }.Validate(), Refused("--effort"));
        Assert.That(() => new BitsOptions { Bits = [4], EmbeddingBits = 3 }.Validate(), Refused("--embedding-bits"));

        static NUnit.Framework.Constraints.Constraint Refused(string option) =>
            Throws.TypeOf<InvalidInputException>().With.Message.Contains(option);
    }

    private sealed class Run(int threads = 1, int sequences = Sequences) : IDisposable
    {
        private readonly TinyTales _tales = new();
        private readonly CpuBackend _backend = new(threads);
        private int _runs;

        public BitsResult Make(BitsOptions options, string? stopAt = null)
        {
            using var stop = new CancellationTokenSource();
            var job = new BitsJob
            {
                Model = _tales.Model,
                Options = options with { Sequences = sequences },
                Calibration = TinyTales.Calibration(sequences),
                OutputFolder = Path.Combine(_tales.Folder, $"out{_runs++}"),
                WorkFolder = Path.Combine(_tales.Folder, "work"),
                Evaluation = () => TinyTales.Evaluation(Windows),
            };
            return BitsCompressor.Run(job, _backend, new Stopper(stop, stopAt), stop.Token);
        }

        public double Dense() => Perplexity.Evaluate(DecoderModel.Load(_tales.Model), _backend, TinyTales.Evaluation(Windows)).MeanNll;

        public void Dispose()
        {
            _backend.Dispose();
            _tales.Dispose();
        }
    }

    private sealed class Stopper(CancellationTokenSource stop, string? stage) : IProgress<SvdSurgeon.Pipeline.Running.StageProgress>
    {
        public void Report(SvdSurgeon.Pipeline.Running.StageProgress value)
        {
            if (stage is not null && value.Stage.StartsWith(stage, StringComparison.Ordinal) && value.Done > 0)
                stop.Cancel();
        }
    }
}
