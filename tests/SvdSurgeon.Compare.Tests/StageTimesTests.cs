using NUnit.Framework;
using SvdSurgeon.Compare.Processes;

namespace SvdSurgeon.Compare.Tests;

[TestFixture]
public sealed class StageTimesTests
{
    [Test]
    public void Our_stages_come_from_the_json_object() =>
        Assert.That(
            StageTimes.Ours(
                """{ "model": "m", "stages": [ { "name": "gram", "seconds": 1.5, "peak_mib": 9 }, { "name": "fisher", "seconds": 2 } ] }"""
            ),
            Is.EqualTo(new[] { ("gram", 1.5), ("fisher", 2.0) })
        );

    // Lines as reference.py prints them with --per-ratio-fisher.
    [Test]
    public void The_peers_repeated_stages_are_summed_and_its_results_are_the_building()
    {
        const string Output = """
            {"stage": "load", "seconds": 1.25, "parameters": 10}
            {"stage": "whiten:fisher", "seconds": 2.0, "peak_mib": 7.0}
            {"method": "whiten", "ratio": 0.8, "scale": 0.0, "seconds": 0.25}
            {"stage": "whiten:fisher", "seconds": 3.0, "peak_mib": 7.0}
            {"method": "whiten+surgeon", "ratio": 0.6, "scale": 1.0, "seconds": 0.5}
            {"method": "dense", "ppl": 3.0}
            """;
        Assert.That(StageTimes.Peer(Output), Is.EqualTo(new[] { ("load", 1.25), ("whiten:fisher", 5.0), ("build", 0.75) }));
    }

    [Test]
    public void Lines_that_are_no_json_objects_are_passed_over() =>
        Assert.That(
            StageTimes.Lines("UserWarning: slow\n{\"a\": 1}\n{cut off\n[2]\n").Select(line => (int)line["a"]!),
            Is.EqualTo(new[] { 1 })
        );
}
