using NUnit.Framework;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>The evaluation data has no part in what is written: it is not opened before, and other data gives the same bytes.</summary>
[TestFixture, Category("Slow")]
public sealed class EvaluationSeparationTests
{
    private static readonly CompressionOptions Searched = new() { Method = CompressionMethod.Auto, Ratios = [0.5] };

    [Test]
    public void Evaluation_data_is_opened_once_and_after_every_result_is_written()
    {
        using var run = new TinyRun();
        string output = Path.Combine(run.Folder, "separate");
        int opened = 0;
        TokenWindows Open()
        {
            opened++;
            foreach (double ratio in Searched.Ratios)
                Assert.That(
                    File.Exists(Path.Combine(output, $"ratio-{CompressionPlan.RatioText(ratio)}", "model.safetensors")),
                    $"kept {ratio} is on disk before"
                );
            return Windows(run, 4);
        }
        var result = run.Run(Searched, 8, "separate", Open);
        Assert.That(opened, Is.EqualTo(1));
        Assert.That(result.Models.All(model => model.Perplexity is not null));
    }

    [Test]
    public void Other_evaluation_data_gives_the_same_bytes()
    {
        Assert.That(Weights(2), Is.EqualTo(Weights(8)));

        // Each in a work folder of its own: nothing is found there that the other made.
        static byte[] Weights(int windows)
        {
            using var run = new TinyRun();
            var model = run.Run(Searched, 8, "out", () => Windows(run, windows)).Models[0];
            return File.ReadAllBytes(Path.Combine(model.Folder, "model.safetensors"));
        }
    }

    private static TokenWindows Windows(TinyRun run, int count) => TokenWindows.FromText(run.Tokens(count, seed: 2).Ids, TinyRun.Length, 0);
}
