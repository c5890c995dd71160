using NUnit.Framework;
using SvdSurgeon.Backends;
using SvdSurgeon.Export;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Bits;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>A program that calls the library reads of parameters and properties, never of the command line's options.</summary>
public sealed class PropertyWordsTests
{
    private static readonly CompressionOptions Options = new() { Ratios = [0.5] };

    [Test]
    public void Options_out_of_range_are_argument_errors_in_the_words_of_the_properties()
    {
        using var run = new TinyRun();
        Refused(Options with { Ratios = [80] }, nameof(CompressionOptions.Ratios));
        Refused(Options with { FisherSequences = 0 }, nameof(CompressionOptions.FisherSequences));
        Refused(Options with { Newton = -1 }, nameof(CompressionOptions.Newton));

        void Refused(CompressionOptions options, string property)
        {
            var error = Assert.ThrowsAsync<ArgumentException>(() => Compressor.RunAsync(Job(run, options)))!;
            Assert.That(error.ParamName, Is.EqualTo("job"));
            Assert.That(error.Message, Does.Contain(property).And.Not.Contain("--"));
        }
    }

    [Test]
    public void Arguments_that_are_none_are_refused_by_name()
    {
        using var run = new TinyRun();
        Assert.Multiple(() =>
        {
            Assert.ThrowsAsync<ArgumentNullException>(() => Compressor.RunAsync(null!));
            Assert.ThrowsAsync<ArgumentNullException>(() => BitsCompressor.RunAsync(null!));
            Assert.ThrowsAsync<ArgumentException>(() => Exporter.RunAsync("model", "word", "out"));
            Assert.That(() => ComputeDevice.Cpu(-1), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => CompressionTarget.OfSize(0), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => CompressionTarget.OfPerplexity(double.NaN), Throws.TypeOf<ArgumentOutOfRangeException>());
        });
    }

    [Test]
    public async Task A_run_gives_what_a_call_of_it_in_place_gives_and_ends_when_it_is_cancelled()
    {
        using var run = new TinyRun();
        using var device = ComputeDevice.Cpu(1);
        var options = Options with { Sequences = 4, Surgeon = SurgeonMode.None };
        var result = await Compressor.RunAsync(Job(run, options), device);
        var expected = run.Compress(options, name: "in place");
        Assert.That(Weights(result.Models[0].Folder), Is.EqualTo(Weights(expected.Folder)));
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        Assert.CatchAsync<OperationCanceledException>(() => Compressor.RunAsync(Job(run, options), device, cancellationToken: stop.Token));

        static byte[] Weights(string folder) => File.ReadAllBytes(Path.Combine(folder, "model.safetensors"));
    }

    private static CompressionJob Job(TinyRun run, CompressionOptions options) =>
        new()
        {
            Model = run.Model,
            Options = options,
            Calibration = run.Tokens(8),
            OutputFolder = Path.Combine(run.Folder, "away"),
        };
}
