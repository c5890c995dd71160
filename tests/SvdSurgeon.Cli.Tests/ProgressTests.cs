using System.Text.Json.Nodes;
using SvdSurgeon.Cli.Output.Progress;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Cli.Tests;

/// <summary>Progress on terminals, in log files and for programs.</summary>
[TestFixture]
public sealed class ProgressTests
{
    [Test]
    public void The_bar_is_one_line_however_narrow_the_terminal()
    {
        var clock = new RunClock([new("gram", 10), new("train bits-4.5", 30)]);
        clock.Take(new StageProgress("train bits-4.5", "step 7/16, divergence 0.0311", 7, 16));
        foreach (int width in (int[])[20, 39, 79, 200])
            Assert.That(BarProgress.Line(clock, width, 3), Has.Length.LessThanOrEqualTo(width).And.Not.Contain("\n"));
        Assert.That(BarProgress.Line(clock, 39, 0), Does.Contain(" left"));
    }

    [Test]
    public void The_share_is_that_of_the_whole_run()
    {
        var clock = new RunClock([new("gram", 10), new("round", 10), new("train", 20)]);
        clock.Take(new StageProgress("gram", "", 1, 2));
        Assert.That(clock.Share, Is.EqualTo(0.125).Within(1e-9));
        clock.Take(new StageProgress("train", "", 1, 2));
        Assert.That(clock.Share, Is.EqualTo(0.75).Within(1e-9));
    }

    [Test]
    public void The_time_left_moves_on_although_nothing_is_reported()
    {
        using var log = new StringWriter();
        using (var lines = new LineProgress(log, []))
        {
            lines.Report(new StageProgress("gram", "sequence 1/9", 0, 9));
            Thread.Sleep(TimeSpan.FromSeconds(3.2));
        }
        Assert.That(log.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.GreaterThanOrEqualTo(2));
    }

    [Test]
    public void Programs_get_an_object_a_line_on_standard_error_beside_the_result()
    {
        var result = Svdsurgeon.Run(
            "eval",
            Svdsurgeon.Opt,
            "--text",
            Svdsurgeon.EvaluationText,
            "--windows",
            "4",
            "--json",
            "--progress",
            "json"
        );
        Assert.That((double)JsonNode.Parse(result.Output)!["ppl"]!, Is.GreaterThan(1));
        var events = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.That(events, Is.Not.Empty);
        Assert.That((long)events[^1]["done"]!, Is.EqualTo((long)events[^1]["total"]!));
    }
}
