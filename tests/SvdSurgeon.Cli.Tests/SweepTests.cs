using SvdSurgeon.Cli.Output.Sweep;

namespace SvdSurgeon.Cli.Tests;

/// <summary>Methods × sizes in one table.</summary>
[TestFixture]
public sealed class SweepTests
{
    private static readonly double[] Dense = [1, 2, 3, 4];

    [Test]
    public void A_star_needs_a_difference_larger_than_its_paired_error()
    {
        var good = new SweepCell("a", "kept 0.8", 1, [1.10, 2.11, 3.10, 4.11], Dense);
        var clear = new SweepCell("b", "kept 0.8", 1, [1.20, 2.22, 3.21, 4.20], Dense);
        var chance = new SweepCell("c", "kept 0.8", 1, [1.30, 2.00, 3.25, 3.95], Dense);
        var elsewhere = new SweepCell("d", "kept 0.6", 1, [1, 2, 3, 4], Dense);
        Assert.Multiple(() =>
        {
            Assert.That(good.IsBest([good, clear, elsewhere]), "windows differ by far more than the methods, yet the difference is clear");
            Assert.That(clear.IsBest([good, clear]), Is.False);
            Assert.That(good.IsBest([good, chance]), Is.False, "a better mean alone is no star");
            Assert.That(elsewhere.IsBest([good, elsewhere]), Is.False, "nothing to compare with");
            Assert.That(good.Excess.Value, Is.EqualTo(0.105).Within(1e-12));
        });
    }

    [Test]
    public void One_run_gives_presets_and_integers_with_the_dense_model_beside_them()
    {
        using var folder = new TemporaryFolder();
        string[] sweep =
        [
            "sweep",
            Svdsurgeon.Opt,
            "--presets",
            "svd",
            "svd-llm",
            "--ratio",
            "80%,0.6",
            "--bits",
            "4.5",
            "--sequences",
            "8",
            "--eval-text",
            Svdsurgeon.EvaluationText,
            "--eval-windows",
            "4",
            "--out",
            folder["out"],
        ];
        var csv = Svdsurgeon.Run([.. sweep, "--format", "csv"]);
        Assert.That(csv.ExitCode, Is.Zero, csv.Error);
        string[] lines = csv.Output.Trim().Split('\n');
        Assert.That(lines, Has.Length.EqualTo(2 + 5));
        var rows = lines.Skip(1).Select(line => line.Split(',')).ToList();
        Assert.That(rows.Select(row => row[0]).Distinct(), Is.EqualTo(new[] { "dense", "svd", "svd-llm", "integers" }));
        Assert.That(rows.Skip(1).Select(row => double.Parse(row[7])), Has.None.LessThan(-0.01), "nothing beats the dense model");
        var again = Svdsurgeon.Run([.. sweep, "--format", "markdown"]);
        Assert.That(again.Output, Does.Contain("| method | kept 0.8 | kept 0.6 | 4.5 bits |").And.Contain("± ").And.Contain("| dense |"));
    }
}
