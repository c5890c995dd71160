using NUnit.Framework;
using SvdSurgeon.Evaluation;

namespace SvdSurgeon.Tests.Evaluation;

[TestFixture]
public sealed class TokenSamplerTests
{
    // Probabilities 0.5, 0.25, 0.125, 0.0625, 0.0625, in another order.
    private static readonly float[] s_logits = [Log(0.125), Log(0.5), Log(0.0625), Log(0.25), Log(0.0625)];

    private static float Log(double p) => (float)Math.Log(p);

    [TestCase(0, 1, 0, ExpectedResult = new[] { 0, 1, 2, 3, 4 })]
    [TestCase(2, 1, 0, ExpectedResult = new[] { 1, 3 })]
    [TestCase(4, 1, 0, ExpectedResult = new[] { 0, 1, 2, 3 })] // of equal ones the first
    [TestCase(0, 0.5, 0, ExpectedResult = new[] { 1 })]
    [TestCase(0, 0.7, 0, ExpectedResult = new[] { 1, 3 })]
    [TestCase(0, 0.8, 0, ExpectedResult = new[] { 0, 1, 3 })]
    [TestCase(2, 0.8, 0, ExpectedResult = new[] { 1, 3 })] // of 0.75, not of 1
    [TestCase(0, 1, 0.2, ExpectedResult = new[] { 0, 1, 3 })]
    [TestCase(0, 1, 0.6, ExpectedResult = new[] { 1 })]
    public int[] Only_tokens_within_the_cuts_are_chosen(int topK, double topP, double minP)
    {
        var sampler = new TokenSampler(
            new SamplingOptions
            {
                Temperature = 1,
                TopK = topK,
                TopP = topP,
                MinP = minP,
                Seed = 3,
            }
        );
        return [.. Enumerable.Range(0, 400).Select(_ => sampler.Next(s_logits)).Distinct().Order()];
    }

    [Test]
    public void Frequencies_follow_the_distribution_and_the_temperature()
    {
        const int draws = 20_000;
        var plain = new TokenSampler(new SamplingOptions { Temperature = 1, Seed = 5 });
        double share = Enumerable.Range(0, draws).Count(_ => plain.Next(s_logits) == 1) / (double)draws;
        Assert.That(share, Is.EqualTo(0.5).Within(0.02)); // 5 standard errors
        // Squared: 0.25 of 0.25 + 0.0625 + 0.015625 + 2 · 0.00390625.
        var cold = new TokenSampler(new SamplingOptions { Temperature = 0.5, Seed = 5 });
        share = Enumerable.Range(0, draws).Count(_ => cold.Next(s_logits) == 1) / (double)draws;
        Assert.That(share, Is.EqualTo(0.25 / 0.3359375).Within(0.02));
    }

    [Test]
    public void Without_temperature_the_likeliest_is_taken() =>
        Assert.That(new TokenSampler(new SamplingOptions()).Next(s_logits), Is.EqualTo(1));

    [TestCase(-1, 0, 1, 0, "--temperature")]
    [TestCase(double.NaN, 0, 1, 0, "--temperature")]
    [TestCase(1, -1, 1, 0, "--top-k")]
    [TestCase(1, 0, 0, 0, "--top-p")]
    [TestCase(1, 0, 1.1, 0, "--top-p")]
    [TestCase(1, 0, 1, 1, "--min-p")]
    public void What_makes_no_sense_is_named(double temperature, int topK, double topP, double minP, string named) =>
        Assert.That(
            Assert
                .Throws<InvalidInputException>(() =>
                    _ = new TokenSampler(
                        new SamplingOptions
                        {
                            Temperature = temperature,
                            TopK = topK,
                            TopP = topP,
                            MinP = minP,
                        }
                    )
                )!
                .Message,
            Does.StartWith(named)
        );
}
