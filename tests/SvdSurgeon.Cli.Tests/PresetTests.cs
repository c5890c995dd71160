using System.Text.Json.Nodes;

namespace SvdSurgeon.Cli.Tests;

/// <summary>Methods by their papers' names.</summary>
[TestFixture, Category("Slow")]
public sealed class PresetTests
{
    private static readonly string[] Run =
    [
        "--ratio",
        "0.6",
        "--calibration",
        Svdsurgeon.CalibrationText,
        "--seqlen",
        "64",
        "--sequences",
        "8",
        "--fisher-sequences",
        "8",
    ];

    [TestCase("svd-llm-u", "--method", "whiten", "--surgeon", "none", "--update")]
    [TestCase("fwsvd", "--method", "fwsvd", "--surgeon", "none")]
    public void A_preset_is_its_options(string preset, params string[] options)
    {
        using var folder = new TemporaryFolder();
        string[] compress = ["compress", Svdsurgeon.Opt, .. Run, "--work", folder["work"]];
        var named = Svdsurgeon.Json([.. compress, "--out", folder["named"], "--preset", preset]);
        var spelled = Svdsurgeon.Json([.. compress, "--out", folder["spelled"], .. options]);
        Assert.That(JsonNode.DeepEquals(named["options"], spelled["options"]), Is.True, named["options"]!.ToJsonString());
    }

    [Test]
    public void An_option_beside_a_preset_wins()
    {
        using var folder = new TemporaryFolder();
        var json = Svdsurgeon.Json([
            "compress",
            Svdsurgeon.Opt,
            .. Run,
            "--out",
            folder["out"],
            "--preset=svd-surgeon",
            "--surgeon",
            "none",
        ]);
        Assert.That((string?)json["surgeon"], Is.EqualTo("none"));
    }

    [Test]
    public void An_unknown_preset_is_refused_with_the_known_ones()
    {
        var result = Svdsurgeon.Run("compress", Svdsurgeon.Opt, "--out", "x", "--ratio", "0.6", "--preset", "svdllm");
        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.Error, Does.Contain("svd-llm-u"));
    }

    [Test]
    public void Without_a_word_the_program_lists_its_verbs()
    {
        var result = Svdsurgeon.Run();
        Assert.That(result.ExitCode, Is.Zero);
        Assert.That(result.Output.Split('\n').Max(line => line.Length), Is.LessThanOrEqualTo(80));
        Assert.That(result.Output, Does.Contain("compress MODEL"));
    }
}
