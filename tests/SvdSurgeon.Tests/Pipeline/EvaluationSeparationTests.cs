using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>The evaluation data has no part in what is written: it is not opened before, and other data gives the same bytes.</summary>
[TestFixture]
public sealed class EvaluationSeparationTests
{
    private static readonly CompressionOptions Searched = new() { Method = CompressionMethod.Auto, Ratios = [0.5] };

    [Test]
    public void Evaluation_data_is_opened_once_and_after_every_result_is_written()
    {
        using var tales = new TinyTales();
        using var backend = new CpuBackend(1);
        string output = Path.Combine(tales.Folder, "separate");
        int opened = 0;
        TokenWindows Open()
        {
            opened++;
            foreach (double ratio in Searched.Ratios)
                Assert.That(
                    File.Exists(Path.Combine(output, $"ratio-{CompressionPlan.RatioText(ratio)}", "model.safetensors")),
                    $"kept {ratio} is on disk before"
                );
            return TinyTales.Evaluation(4);
        }
        var job = new CompressionJob
        {
            Model = tales.Model,
            Options = Searched,
            Calibration = TinyTales.Calibration(8),
            OutputFolder = output,
            Evaluation = Open,
        };
        var result = Compressor.Run(job, backend);
        Assert.That(opened, Is.EqualTo(1));
        Assert.That(result.Models.All(model => model.Perplexity is not null));
    }

    [Test]
    public void Other_evaluation_data_gives_the_same_bytes()
    {
        using var tales = new TinyTales();
        byte[] Weights(string name, int windows) =>
            File.ReadAllBytes(Path.Combine(tales.Compress(Searched, sequences: 8, windows, name).Models[0].Folder, "model.safetensors"));
        Assert.That(Weights("few", 2), Is.EqualTo(Weights("many", 8)));
    }
}
