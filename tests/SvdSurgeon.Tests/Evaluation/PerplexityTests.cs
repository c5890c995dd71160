using System.Text.Json;
using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tests.Models;

namespace SvdSurgeon.Tests.Evaluation;

[TestFixture, Category("Slow")]
public sealed class PerplexityTests
{
    // The peer computes in float32 too, and is 1.6e-5 away from float64 on SmolLM2.
    private const double PeerTolerance = 2e-5;

    [TestCase("tinytales-opt", "tinytales-opt.evaluation.npy", 256, 0, 72, 1.7450565)]
    [TestCase("tinytales-llama", "tinytales-llama.evaluation.npy", 256, 0, 76, 1.7473781)]
    [TestCase("docs-opt", "docs-opt.evaluation.npy", 256, 100, 100, 105.40280)]
    [TestCase(
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        "smollm2.wikitext-test.npy",
        512,
        16,
        16,
        36.07653,
        Explicit = true,
        Reason = "takes most of a minute"
    )]
    public void Perplexity_equals_the_peers(string model, string tokens, int length, int windows, int expectedWindows, double expected)
    {
        using var checkpoint = Checkpoint.Open(GoldenFiles.Shared("models", model));
        using var backend = new CpuBackend();
        var result = Perplexity.Evaluate(
            DecoderModel.Load(checkpoint),
            backend,
            TokenWindows.FromText(ReadIds(GoldenFiles.Shared("data", "ids", tokens)), length, windows)
        );
        TestContext.Out.WriteLine(result);
        Assert.That(result.Windows, Is.EqualTo(expectedWindows));
        Assert.That(result.Tokens, Is.EqualTo(expectedWindows * length));
        Assert.That(result.Ppl, Is.EqualTo(expected).Within(PeerTolerance * expected));
        Assert.That(result.Ppl, Is.EqualTo(Math.Exp(result.MeanNll)).Within(1e-12 * expected));
    }

    [Test]
    public void A_real_models_loss_equals_float64()
    {
        // The peer's model with float64 weights and activations, first window of 512 tokens.
        const double float64 = 3.0112254109988346;
        using var checkpoint = Checkpoint.Open(GoldenFiles.Shared("models", "SmolLM2-135M-Instruct.Q4_1.gguf"));
        using var backend = new CpuBackend();
        int[] ids = ReadIds(GoldenFiles.Shared("data", "ids", "smollm2.wikitext-test.npy"));
        var result = Perplexity.Evaluate(DecoderModel.Load(checkpoint), backend, TokenWindows.FromText(ids, 512, 1));
        Assert.That(result.MeanNll, Is.EqualTo(float64).Within(1e-6));
    }

    [
        TestCase("llama-bin-sharded", "ids.npy"),
        TestCase("llama-sharded", "ids.npy"),
        TestCase("opt-bin", "ids.npy"),
        TestCase("opt-original-names", "ids.npy")
    ]
    [TestCase("llama-gqa-tied.f32.gguf", "../llama-gqa-tied.ids.npy")]
    public void Every_kind_of_file_gives_the_same_loss(string file, string ids)
    {
        string path = GoldenFiles.Shared("golden", "files", file);
        string expected = file.EndsWith(".gguf", StringComparison.Ordinal)
            ? GoldenFiles.Shared("golden", "files", "llama-gqa-tied.expected.json")
            : Path.Combine(path, "expected.json");
        using var checkpoint = Checkpoint.Open(path);
        using var backend = new CpuBackend(2);
        using var json = JsonDocument.Parse(File.ReadAllText(expected));
        double nll = json.RootElement.GetProperty("mean_nll").GetDouble();
        var windows = TokenWindows.FromRows(ReadIds(Path.Combine(path, ids)), 24, 24);
        Assert.That(Perplexity.Evaluate(DecoderModel.Load(checkpoint), backend, windows).MeanNll, Is.EqualTo(nll).Within(1e-5 * nll));
    }

    [Test]
    public void Windows_do_not_span_rows_and_drop_the_remainder()
    {
        int[] ids = [.. Enumerable.Range(0, 14)];
        var rows = TokenWindows.FromRows(ids, 7, 3);
        Assert.That(rows.Slice(0, rows.Count).ToArray(), Is.EqualTo(new[] { 0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12 }));
        var text = TokenWindows.FromText(ids, 3, 3);
        Assert.That(text.Slice(0, text.Count).ToArray(), Is.EqualTo(new[] { 0, 1, 2, 3, 4, 5, 6, 7, 8 }));
        Assert.Throws<InvalidInputException>(() => TokenWindows.FromText(ids, 15));
        Assert.Throws<InvalidInputException>(() => TokenWindows.FromText(ids, 1));
    }

    [Test]
    public void The_error_is_the_standard_error_of_the_windows_means()
    {
        var result = Perplexity.Summarize([1.0, 2.0, 4.0], 10, 0);
        Assert.That(result.MeanNll, Is.EqualTo(7 / 3.0).Within(1e-15));
        // ((4/3)² + (1/3)² + (5/3)²) / 2 / 3
        Assert.That(result.LogSe, Is.EqualTo(Math.Sqrt(42 / 9.0 / 6)).Within(1e-15));
        Assert.That(Perplexity.Summarize([1.5], 10, 0).LogSe, Is.Zero);
    }

    [Test]
    public void A_window_longer_than_the_positions_is_refused()
    {
        using var golden = new GoldenModel("opt");
        using var backend = new CpuBackend(1);
        var windows = TokenWindows.FromText(new int[100], 41);
        var error = Assert.Throws<InvalidInputException>(() => Perplexity.Evaluate(golden.Model, backend, windows));
        Assert.That(error!.Message, Does.Contain("41").And.Contain("40"));
    }

    [Test]
    public void A_weight_that_is_NaN_is_an_error_and_no_result()
    {
        using var golden = new GoldenModel("opt");
        using var backend = new CpuBackend(1);
        var module = golden.Model.Linears[7];
        float[] weight = module.ToDense(backend);
        weight[5] = float.NaN;
        golden.Model.Replace(
            module.Name,
            new DenseLinear(
                module.Name,
                SvdSurgeon.Tensors.StoredTensor.FromSingles("weight", [module.OutFeatures, module.InFeatures], weight),
                module.Bias
            )
        );
        var windows = TokenWindows.FromText(golden.Ids, GoldenModel.SequenceLength);
        Assert.Throws<NumericalException>(() => Perplexity.Evaluate(golden.Model, backend, windows));
    }

    [Test]
    public void Cancellation_ends_an_evaluation()
    {
        using var golden = new GoldenModel("opt");
        using var backend = new CpuBackend(1);
        var windows = TokenWindows.FromText(golden.Ids, GoldenModel.SequenceLength);
        Assert.Throws<OperationCanceledException>(() =>
            Perplexity.Evaluate(golden.Model, backend, windows, cancellationToken: new CancellationToken(true))
        );
        Assert.That(backend.RentedBytes, Is.Zero);
    }

    private static int[] ReadIds(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        // .npy version 1: 10 bytes, then a header of the length in bytes 8 and 9; all files here are int32.
        int start = 10 + BitConverter.ToUInt16(bytes, 8);
        Assert.That(System.Text.Encoding.ASCII.GetString(bytes, 10, start - 10), Does.Contain("<i4"));
        return System.Runtime.InteropServices.MemoryMarshal.Cast<byte, int>(bytes.AsSpan(start)).ToArray();
    }
}
