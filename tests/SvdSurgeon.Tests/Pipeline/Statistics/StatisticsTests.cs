using NUnit.Framework;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Results;

namespace SvdSurgeon.Tests.Pipeline.Statistics;

/// <summary>
/// Statistics do not depend on how they were collected: together or one by one, layers at once or one at a time, in memory or through a
/// file, in one go or with a stop between.
/// </summary>
[TestFixture, Category("Slow")]
internal sealed class StatisticsTests
{
    private const int Sequences = 12;
    private static readonly CompressionOptions Kfac = new()
    {
        Method = CompressionMethod.Kfac,
        Surgeon = SurgeonMode.Update,
        Fisher = FisherSamples.Tokens,
        Ratios = [0.5],
        Sequences = Sequences,
        FisherSequences = Sequences,
    };

    [TestCase("kfac", FisherSamples.Tokens), TestCase("fwsvd", FisherSamples.Sequences)]
    public void Little_memory_gives_the_same_bytes_in_more_passes(string method, FisherSamples fisher)
    {
        using var tales = new TinyTales();
        var options = Kfac with { Method = CompressionMethod.Find(method)!, Fisher = fisher };
        var much = tales.Collect(options, Sequences, "much");
        var little = tales.Collect(options, Sequences, "little", memory: 1);
        Assert.That(little.Artifacts.Select(a => a.Name), Is.EqualTo(much.Artifacts.Select(a => a.Name)));
        foreach (var (a, b) in much.Artifacts.Zip(little.Artifacts))
        foreach (string part in a.Expected)
            Assert.That(
                File.ReadAllBytes(b.Artifact.Part(part)),
                Is.EqualTo(File.ReadAllBytes(a.Artifact.Part(part))),
                $"{a.Name}, {part}"
            );
        if (method == "kfac")
        {
            Assert.That(much.Stages.Select(stage => stage.Name), Does.Contain("gram+gradients"), "one pass for both");
            Assert.That(little.Stages.Select(stage => stage.Name), Does.Contain("gram").And.Contain("gradients"), "passes of their own");
        }
    }

    [TestCase(FisherSamples.Tokens), TestCase(FisherSamples.Sequences)]
    public void Ranks_by_the_spectral_fisher_need_no_surgeon_to_have_it_collected(FisherSamples samples)
    {
        using var tales = new TinyTales();
        var options = Kfac with
        {
            Method = CompressionMethod.Whiten,
            Surgeon = SurgeonMode.None,
            Allocate = AllocationRule.Fisher,
            Fisher = samples,
        };
        var collected = tales.Collect(options, Sequences, "work");
        Assert.That(collected.Artifacts.Select(a => a.Stage), Is.EqualTo(new[] { "gram", "fisher" }));
        Assert.That(collected.Next, Is.Null);
        var stages = tales.Compress(options, Sequences).Stages;
        foreach (string stage in (string[])["gram", "factor", "fisher"])
            Assert.That(stages.Where(s => s.Name == stage).Select(s => s.Reused), Is.Not.Empty.And.All.True, stage);
    }

    [Test]
    public void A_fisher_that_only_compress_can_collect_is_left_to_it_in_a_sentence()
    {
        using var tales = new TinyTales();
        var whiten = Kfac with { Method = CompressionMethod.Whiten, Sequences = 4, FisherSequences = 4 };
        Assert.Multiple(() =>
        {
            Left(whiten with { Update = true }, "--update", "gram");
            Left(whiten with { Columns = ColumnMode.Refit }, "--columns", "gram");
            Left(Kfac with { Sequences = 4, FisherSequences = 4, Newton = 1 }, "--newton", "gram", "gradients");
            Left(whiten with { SearchStrength = true }, "search", "gram");
            // Ranks are allocated by the dense model's Fisher, the surgeon then needs another.
            Left(whiten with { Columns = ColumnMode.Refit, Allocate = AllocationRule.Fisher }, "of the surgeon", "gram", "fisher");
        });

        void Left(CompressionOptions options, string mention, params string[] stages)
        {
            var result = tales.Collect(options, 8, mention);
            Assert.That(result.Artifacts.Select(a => a.Stage), Is.EqualTo(stages), mention);
            Assert.That(result.Next, Does.Contain(mention).And.Contain("compress collects it"));
        }
    }

    [Test]
    public void Mean_inputs_for_a_bias_correction_are_collected_for_plain_svd_too()
    {
        using var tales = new TinyTales();
        var options = Kfac with { Method = CompressionMethod.Svd, Surgeon = SurgeonMode.None, BiasCorrection = true, Sequences = 4 };
        Assert.That(tales.Collect(options, 4, "work").Artifacts.Select(a => a.Stage), Is.EqualTo(new[] { "gram" }));
        Assert.That(tales.Compress(options, 4).Stages.Where(s => s.Name == "gram").Select(s => s.Reused), Is.Not.Empty.And.All.True);
    }

    [Test]
    public void A_pass_that_was_stopped_goes_on_from_its_last_block()
    {
        using var tales = new TinyTales();
        var whole = tales.Collect(Kfac, Sequences, "whole");
        foreach (string stage in (string[])["gram+gradients", "fisher"])
        {
            var stop = new CancellationTokenSource();
            Assert.That(
                () =>
                    tales.Collect(
                        Kfac,
                        Sequences,
                        "stopped",
                        report: p =>
                        {
                            if (p.Stage == stage && p.Done * 2 >= p.Total)
                                stop.Cancel();
                        },
                        cancellation: stop.Token
                    ),
                Throws.InstanceOf<OperationCanceledException>()
            );
            long first = -1;
            tales.Collect(
                Kfac,
                Sequences,
                "stopped",
                report: p =>
                {
                    if (p.Stage == stage && first < 0)
                    {
                        first = p.Done;
                        throw new IOException("stopped again");
                    }
                },
                expectStop: true
            );
            Assert.That(first, Is.GreaterThan(0), $"{stage}: the blocks before are not collected again");
        }
        var resumed = tales.Collect(Kfac, Sequences, "stopped");
        foreach (var (a, b) in whole.Artifacts.Zip(resumed.Artifacts))
        foreach (string part in a.Expected)
            Assert.That(
                File.ReadAllBytes(b.Artifact.Part(part)),
                Is.EqualTo(File.ReadAllBytes(a.Artifact.Part(part))),
                $"{a.Name}, {part}"
            );
        Assert.That(
            Directory.EnumerateFiles(resumed.Artifacts[0].Artifact.Folder, "*").Select(Path.GetFileName),
            Has.None.Contains("progress")
        );
    }

    [Test]
    public void What_a_kill_left_behind_is_removed()
    {
        using var tales = new TinyTales();
        var options = Kfac with { Surgeon = SurgeonMode.None, Sequences = 4 };
        var artifact = tales.Collect(options, 4, "work").Artifacts[1].Artifact;
        string[] whole = Files();
        foreach (string name in (string[])["progress.safetensors", "layer.0001.safetensors.partial"])
            File.WriteAllText(artifact.Part(name), "half");
        tales.Collect(options, 4, "work");
        Assert.That(Files(), Is.EqualTo(whole));

        string[] Files() =>
            [.. Directory.EnumerateFiles(artifact.Folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
    }

    [Test]
    public void A_result_folder_that_a_kill_left_without_its_marker_is_used()
    {
        string folder = Directory.CreateTempSubdirectory("svdsurgeon-test-").FullName;
        File.WriteAllText(Path.Combine(folder, ".svdsurgeon.partial"), "Resul");
        Directory.CreateDirectory(Path.Combine(folder, "ratio-0.5.partial"));
        Assert.That(new ResultFolder(folder).Claim, Throws.TypeOf<InvalidInputException>(), "there is something else");
        Directory.Delete(Path.Combine(folder, "ratio-0.5.partial"));
        new ResultFolder(folder).Claim().Dispose();
        Directory.CreateDirectory(Path.Combine(folder, "ratio-0.5.partial"));
        new ResultFolder(folder).Claim().Dispose();
        Assert.That(
            Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry)),
            Is.EqualTo(new[] { ".svdsurgeon" })
        );
        Directory.Delete(folder, recursive: true);
    }
}
