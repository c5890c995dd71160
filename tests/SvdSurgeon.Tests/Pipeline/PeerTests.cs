using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>
/// The published methods end to end against a plain PyTorch program that was checked against the authors' own: same model, same token ids,
/// 128 sequences for whitening and Fisher, all evaluation windows (Golden/peer/tinytales-opt.jsonl is its output).
/// </summary>
[TestFixture, Category("Slow")]
public sealed class PeerTests
{
    // Both sides compute in float32 in different orders; what differs is far below this.
    private const double Tolerance = 0.5;

    // One for all tests: Gram matrices and the dense model's perplexity are computed once.
    private readonly TinyTales _tales = new();

    [OneTimeTearDown]
    public void Delete() => _tales.Dispose();

    [TestCase("svd"), TestCase("whiten")]
    public void Perplexities_equal_the_published_computation(string method)
    {
        var expected = Expected("tinytales-opt.jsonl");
        foreach (
            var (surgeon, suffix) in ((SurgeonMode, string)[])
                [(SurgeonMode.None, ""), (SurgeonMode.Update, "+surgeon"), (SurgeonMode.Select, "+surgeon+select")]
        )
        {
            var options = new CompressionOptions
            {
                Method = CompressionMethod.Find(method)!,
                Surgeon = surgeon,
                Ratios = [0.8, 0.6, 0.4],
                StorageType = Tensors.DType.F32,
            };
            foreach (var model in _tales.Compress(options, name: $"{method}-{surgeon}").Models)
                Assert.That(
                    model.Perplexity!.Ppl,
                    Is.EqualTo(expected[(method + suffix, model.Ratio)]).Within(Tolerance).Percent,
                    $"{method}{suffix} at {model.Ratio}"
                );
        }
    }

    /// <summary>
    /// Duo-SVD as published counts neither column indices nor rounding; ours stays within the budget, and its allocation is exact, so its
    /// numbers may only be better.
    /// </summary>
    [
        TestCase(null, "dp", "whiten+dp"),
        TestCase(ColumnMode.Preserve, "uniform", "duo-columns"),
        TestCase(ColumnMode.Preserve, "dp", "duo")
    ]
    public void Duo_is_within_one_per_cent_of_the_published_computation_or_better(ColumnMode? columns, string allocate, string peerName)
    {
        const double ratio = 0.6;
        double expected = Expected("duo-opt.jsonl")[(peerName, ratio)];
        var options = new CompressionOptions
        {
            Columns = columns,
            Allocate = AllocationRule.Find(allocate)!,
            KlSequences = 16,
            Surgeon = SurgeonMode.None,
            Ratios = [ratio],
            StorageType = Tensors.DType.F32,
        };
        var model = _tales.Compress(options, name: peerName).Models[0];
        Assert.Multiple(() =>
        {
            Assert.That(
                model.Perplexity!.Ppl,
                Is.LessThan(1.01 * expected).And.GreaterThan(0.97 * expected),
                "the same method, at most a little luckier"
            );
            Assert.That(model.AchievedRatio, Is.LessThanOrEqualTo(ratio));
        });
    }

    private static Dictionary<(string Method, double Ratio), double> Expected(string file) =>
        File.ReadLines(GoldenFiles.Copied("peer", file))
            .Select(line => JsonNode.Parse(line)!)
            .Where(row => row["ratio"] is not null && row["method"] is not null)
            .ToDictionary(row => ((string)row["method"]!, (double)row["ratio"]!), row => (double)row["ppl"]!);
}
