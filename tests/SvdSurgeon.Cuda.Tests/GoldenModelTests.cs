using NUnit.Framework;
using SvdSurgeon.Models;
using SvdSurgeon.Tests.Models;

namespace SvdSurgeon.Cuda.Tests;

/// <summary>Whole models against float64: every one of golden/models on a GPU, most on the simulator too.</summary>
[TestFixtureSource(nameof(Cases))]
[Category("Slow")]
public sealed class CudaGoldenModelTests(string device, string name)
{
    private const double LossTolerance = 1e-5; // relative
    private const double GradientTolerance = 1e-4; // of the tensor's largest entry

    public static IEnumerable<TestFixtureData> Cases =>
        from device in new[] { "simulator", "gpu" }
        from name in device == "gpu" ? GoldenModel.All : GoldenModel.First.Concat(["gemma2", "gptneox"]) // the simulator is slow
        select new TestFixtureData(device, name);

    [Test]
    public void Losses_and_weight_gradients_match_float64()
    {
        using var backend = Devices.Open(device);
        using var golden = new GoldenModel(name);
        var (losses, visitor) = (new double[GoldenModel.Sequences], new RecordingVisitor(backend));
        ForwardBackward.Run(golden.Model, backend, golden.Ids, GoldenModel.SequenceLength, losses, visitor);
        for (int s = 0; s < losses.Length; s++)
            Assert.That(losses[s], Is.EqualTo(golden.Losses[s]).Within(LossTolerance * golden.Losses[s]));
        foreach (var module in golden.Model.Linears)
        {
            var (x, dy) = visitor.Gradients[module.Name];
            for (int s = 0; s < losses.Length; s++)
            {
                if (!golden.HasGradients(s))
                    continue;
                float[] expected = golden.Values($"grad.{s}.{module.Name}");
                double largest = expected.Max(Math.Abs),
                    worst = 0;
                int m = module.OutFeatures,
                    n = module.InFeatures,
                    first = s * GoldenModel.SequenceLength;
                for (int i = 0; i < m; i++)
                for (int j = 0; j < n; j++)
                {
                    double sum = 0;
                    for (int t = first; t < first + GoldenModel.SequenceLength; t++)
                        sum += (double)dy[t * m + i] * x[t * n + j];
                    double error = Math.Abs(sum - expected[i * n + j]);
                    worst = double.IsNaN(error) ? double.PositiveInfinity : Math.Max(worst, error);
                }
                Assert.That(worst, Is.LessThanOrEqualTo(GradientTolerance * largest), $"{module.Name}, sequence {s}");
            }
        }
    }
}
