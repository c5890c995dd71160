using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Pipeline;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>
/// The published methods end to end against a plain PyTorch program that was checked against the authors' own: same model, same token ids, 128 sequences
/// for whitening and Fisher, all evaluation windows (Golden/peer/tinytales-opt.jsonl is its output).
/// </summary>
[TestFixture]
public sealed class PeerTests
{
    // Both sides compute in float32 in different orders; what differs is far below this.
    private const double Tolerance = 0.5;

    [TestCase(CompressionMethod.Svd, "svd"), TestCase(CompressionMethod.Whiten, "whiten")]
    public void Perplexities_equal_the_published_computation(CompressionMethod method, string peerName)
    {
        var expected = File.ReadLines(GoldenFiles.Copied("peer", "tinytales-opt.jsonl")).Select(line => JsonNode.Parse(line)!)
            .ToDictionary(row => ((string)row["method"]!, (double)row["ratio"]!), row => (double)row["ppl"]!);
        using var tales = new TinyTales();
        foreach (var (surgeon, suffix) in ((SurgeonMode, string)[])[(SurgeonMode.None, ""), (SurgeonMode.Update, "+surgeon"), (SurgeonMode.Select, "+surgeon+select")])
        {
            var options = new CompressionOptions { Method = method, Surgeon = surgeon, Ratios = [0.8, 0.6, 0.4], StorageType = Tensors.DType.F32 };
            foreach (var model in tales.Compress(options, name: $"{method}-{surgeon}").Models)
                Assert.That(model.Perplexity!.Ppl, Is.EqualTo(expected[(peerName + suffix, model.Ratio)]).Within(Tolerance).Percent, $"{peerName}{suffix} at {model.Ratio}");
        }
    }
}
