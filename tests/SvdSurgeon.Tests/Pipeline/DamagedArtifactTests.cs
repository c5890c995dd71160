using System.Security.Cryptography;
using NUnit.Framework;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Bits;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Pipeline.Statistics;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>
/// Every part of every kind of artifact is truncated or has one bit flipped: the damage is found before the part is used, said in one
/// sentence, and mended to the same result.
/// </summary>
[TestFixture, Category("Slow")]
public sealed class DamagedArtifactTests
{
    private static readonly CompressionOptions Common = new()
    {
        Ratios = [0.5],
        Sequences = 4,
        FisherSequences = 4,
        KlSequences = 4,
    };

    // Together they leave artifacts of every kind.
    private static readonly TestCaseData[] Runs =
    [
        new TestCaseData(
            Common with
            {
                Method = CompressionMethod.Kfac,
                Sequential = new SequentialOptions(),
                Fisher = FisherSamples.Tokens,
                Newton = 1,
            }
        ).SetArgDisplayNames("kfac, sequential pass, Newton step, surgeon of tokens"),
        new TestCaseData(Common with { Columns = ColumnMode.Preserve, Update = true, Surgeon = SurgeonMode.Select }).SetArgDisplayNames(
            "whitening, columns, update, surgeon of sequences"
        ),
        new TestCaseData(Common with { Allocate = AllocationRule.Dp, Surgeon = SurgeonMode.None }).SetArgDisplayNames(
            "ranks by divergence"
        ),
    ];

    [TestCaseSource(nameof(Runs))]
    public void A_damaged_part_is_made_again_and_the_result_has_the_same_bytes(CompressionOptions options)
    {
        using var run = new TinyRun();
        Mend(run.Folder, () => Compressor.Run(Job(run, options), run.Backend).Warnings);
    }

    [Test]
    public void So_are_the_artifacts_of_integers()
    {
        using var run = new TinyRun("llama-gqa-tied");
        var job = new BitsJob
        {
            Model = run.Model,
            Calibration = run.Tokens(24),
            Options = new BitsOptions
            {
                Bits = [4.5],
                Sequences = 24,
                Effort = 2,
            },
            OutputFolder = Path.Combine(run.Folder, "out"),
            WorkFolder = Path.Combine(run.Folder, "work"),
        };
        Mend(run.Folder, () => BitsCompressor.Run(job, run.Backend).Warnings);
    }

    [Test]
    public void Damaged_statistics_that_were_given_are_refused_before_any_work()
    {
        using var run = new TinyRun();
        var options = Common with { Surgeon = SurgeonMode.None };
        Compressor.Run(Job(run, options), run.Backend);
        string part = Directory
            .GetFiles(Path.Combine(run.Folder, "work"), "layer.0001.safetensors", SearchOption.AllDirectories)
            .First(file => file.Contains(StageNames.Gram + "-", StringComparison.Ordinal));
        Damage(part, truncate: false, new Random(1));
        byte[] damaged = File.ReadAllBytes(part);
        var job = Job(run, options) with
        {
            Statistics = Path.Combine(run.Folder, "work"),
            WorkFolder = Path.Combine(run.Folder, "other"),
            OutputFolder = Path.Combine(run.Folder, "elsewhere"),
        };
        Assert.That(
            () => Compressor.Run(job, run.Backend),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains(part).And.Message.Contains("checksum")
        );
        Assert.That(
            () => ShardMerge.Run([Path.Combine(run.Folder, "work")], Path.Combine(run.Folder, "merged")),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains(part)
        );
        Assert.That(Directory.Exists(Path.Combine(run.Folder, "merged")), Is.False);
        Assert.That(File.ReadAllBytes(part), Is.EqualTo(damaged), "what was given is left alone");
    }

    private static CompressionJob Job(TinyRun run, CompressionOptions options) =>
        new()
        {
            Model = run.Model,
            Options = options,
            Calibration = run.Tokens(8),
            OutputFolder = Path.Combine(run.Folder, "out"),
            WorkFolder = Path.Combine(run.Folder, "work"),
        };

    // Artifact after artifact, each with what was made later taken away so that it is needed.
    private static void Mend(string folder, Func<IReadOnlyList<string>> compress)
    {
        var random = new Random(28);
        string work = Path.Combine(folder, "work"),
            result = Path.Combine(folder, "out");
        Assert.That(compress(), Has.None.Contains("damaged"));
        string expected = Hash(result);
        string[] inOrder =
        [
            .. Directory
                .GetDirectories(work)
                .OrderBy(artifact => File.GetLastWriteTimeUtc(Path.Combine(artifact, Artifact.Description)))
                .ThenBy(artifact => artifact, StringComparer.Ordinal),
        ];
        var kinds = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < inOrder.Length; i++)
        {
            // What a Newton search left of a state on its way is not made again when the state is known.
            int parts = Directory.Exists(inOrder[i]) ? Directory.GetFiles(inOrder[i]).Length : 0;
            for (int part = 0; part < parts; part++)
            {
                string[] files = [.. Directory.GetFiles(inOrder[i]).Order(StringComparer.Ordinal)];
                Directory.Delete(result, recursive: true);
                foreach (string later in inOrder[(i + 1)..])
                    if (Directory.Exists(later))
                        Directory.Delete(later, recursive: true);
                Damage(files[part], truncate: (part + i) % 2 == 0, random);
                string what = $"{Path.GetFileName(inOrder[i])}/{Path.GetFileName(files[part])}";
                Assert.That(compress().Count(w => w.Contains("damaged", StringComparison.Ordinal)), Is.EqualTo(1), what);
                Assert.That(Hash(result), Is.EqualTo(expected), what);
                string kind = Path.GetFileName(inOrder[i])[..^17];
                kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
            }
        }
        TestContext.Out.WriteLine(string.Join(", ", kinds.Select(kind => $"{kind.Key} {kind.Value}")));
    }

    private static void Damage(string file, bool truncate, Random random)
    {
        byte[] bytes = File.ReadAllBytes(file);
        int at = random.Next(bytes.Length);
        if (truncate)
            bytes = bytes[..at];
        else
            bytes[at] ^= (byte)(1 << random.Next(8));
        File.WriteAllBytes(file, bytes);
    }

    private static string Hash(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (
            string file in Directory
                .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Where(file => Path.GetFileName(file) != RunLog.FileName)
                .Order(StringComparer.Ordinal)
        )
            hash.AppendData(File.ReadAllBytes(file));
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
