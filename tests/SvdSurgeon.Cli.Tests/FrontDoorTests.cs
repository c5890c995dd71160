using System.Text.Json.Nodes;
using SvdSurgeon.Cli.Output.Results;

namespace SvdSurgeon.Cli.Tests;

/// <summary>compress with nothing said, and what every result says of itself.</summary>
[TestFixture]
public sealed class FrontDoorTests
{
    private ProcessResult _bare = null!;
    private JsonObject _json = null!;

    [OneTimeSetUp]
    public void Compress_with_nothing_but_a_model()
    {
        using var folder = new TemporaryFolder();
        string[] command = ["compress", Svdsurgeon.Llama, "--out", folder["out"], "--effort", "1"];
        _bare = Svdsurgeon.Run(command);
        _json = Svdsurgeon.Json(command);
    }

    [Test]
    public void It_takes_the_advised_bits_and_says_that_the_text_is_its_own()
    {
        Assert.That((string)_json["results"]![0]!["name"]!, Is.EqualTo("bits-4.5"));
        Assert.That(_bare.Error, Does.Contain("bundled text").And.Contain("--calibration"));
    }

    [Test]
    public void It_reads_a_bundled_model_in_the_windows_that_it_was_trained_on()
    {
        Assert.That((int)_json["options"]!["seqlen"]!, Is.EqualTo(256));
        Assert.That((int)_json["window_length"]!, Is.EqualTo(256));
        Assert.That(_bare.Output, Does.Contain("ppl (256 tokens)"));
    }

    [Test]
    public void It_begins_with_an_estimate_and_ends_with_the_dense_model_beside_the_result()
    {
        string[] lines = _bare.Output.Split('\n');
        Assert.That(lines[0], Does.Contain("->").And.Contain("MB").And.Contain("%"));
        Assert.That(lines.Take(4), Has.Some.StartWith("Estimate: "));
        Assert.That(lines, Has.Some.Match(@"^ dense .*MB.*±"));
        Assert.That(lines, Has.Some.Match(@"^ bits-4\.5 .*−\d+ %.*±.* [+−]\d.* %"));
        Assert.That((double)_json["dense_ppl"]!, Is.LessThan((double)_json["results"]![0]!["ppl"]!));
    }

    [TestCase(1.0, "0 %")]
    [TestCase(0.9999999, "0 %")]
    [TestCase(1.0349, "+3.5 %")]
    [TestCase(0.32, "−68 %")]
    [TestCase(12.5, "+1,150 %")]
    public void A_change_has_its_sign_and_nothing_has_none(double ratio, string text)
    {
        Assert.That(ResultTable.Change(ratio), Is.EqualTo(text));
    }

    [Test]
    public void A_result_that_is_larger_than_its_model_is_said_to_be()
    {
        Assert.That(SizeWarning.Of("ratio-0.8", 226.81e6, 98.36e6, ranks: true), Does.Contain("2.3 times").And.Contain("--bits"));
        Assert.That(SizeWarning.Of("ratio-0.8", 90e6, 98.36e6, ranks: true), Is.Null);
    }
}
