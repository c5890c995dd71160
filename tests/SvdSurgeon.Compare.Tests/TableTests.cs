using NUnit.Framework;
using SvdSurgeon.Compare.Tables;

namespace SvdSurgeon.Compare.Tests;

[TestFixture]
public sealed class TableTests
{
    [Test]
    public void A_table_is_markdown_and_escapes_what_would_end_a_cell()
    {
        var table = new Table("a", "b");
        table.Add("1|2", "x\ny");
        Assert.That(table.Lines(), Is.EqualTo(new[] { "| a | b |", "| --- | --- |", "| 1\\|2 | x y |" }));
    }

    [Test]
    public void A_row_of_another_width_is_refused() => Assert.That(() => new Table("a", "b").Add("1"), Throws.ArgumentException);

    [Test]
    public void A_comparison_has_medians_their_ratio_and_every_repeat()
    {
        var table = new ComparisonTable();
        table.Add("wall time", "s", [2, 4, 3], [9, 10, 6], Ratio.PeerOverOurs);
        table.Add("speed", "tokens/s", [1200, 1300, 1250], [1000, 1000, 1000], Ratio.OursOverPeer);
        Assert.That(
            table.Lines().Skip(2),
            Is.EqualTo(
                new[]
                {
                    "| wall time, s | 3.000 | 9.000 | peer / ours 3.000 | 2.000; 4.000; 3.000 | 9.000; 10.00; 6.000 |",
                    "| speed, tokens/s | 1,250 | 1,000 | ours / peer 1.250 | 1,200; 1,300; 1,250 | 1,000; 1,000; 1,000 |",
                }
            )
        );
    }

    [Test]
    public void A_side_that_was_not_measured_says_so_and_gives_no_ratio()
    {
        var table = new ComparisonTable();
        table.Add("memory", "MiB", [500], [double.NaN], Ratio.OursOverPeer);
        Assert.That(table.Lines().Last(), Is.EqualTo("| memory, MiB | 500.0 | not measured |  | 500.0 |  |"));
    }

    [Test]
    public void The_report_on_disk_has_every_finished_part()
    {
        string path = Path.Combine(Path.GetTempPath(), $"report-{Guid.NewGuid():N}.md");
        try
        {
            var report = new Report(path);
            var first = new Section("One");
            first.Say("A sentence.");
            report.Add(first);
            Assert.That(File.ReadAllText(path), Is.EqualTo("# Side by side\n\n## One\n\nA sentence.\n\n"));
            report.Add(new Section("Two"));
            Assert.That(File.ReadAllText(path), Is.EqualTo("# Side by side\n\n## One\n\nA sentence.\n\n## Two\n\n"));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
